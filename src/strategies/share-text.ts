/** A share as a configuration has it: `20%`. */
export function shareText(share: number | 'unlimited'): string {
  return share === 'unlimited' ? share : `${Number((share * 100).toFixed(7))}%`
}
