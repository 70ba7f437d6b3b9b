/** Where the commands look for the admin side of a gateway. */
export const defaultAdmin = 'http://127.0.0.1:9900'
