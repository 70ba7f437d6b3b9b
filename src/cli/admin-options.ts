import { Option } from 'commander'

/** Apart from the client, which most commands do not load. */
export const defaultAdmin = 'http://127.0.0.1:9900'

/** Unlike a default value, a variable is named in `--help` and its value, a secret, is not. */
export function tokenOption(): Option {
  return new Option('--token <token>', 'value of `admin.token`, if set').env('HEDGEROW_ADMIN_TOKEN')
}
