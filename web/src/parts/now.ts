import { useEffect, useState } from 'preact/hooks'

/** The time of day, for "in 5 s"; updated every second while the tab is visible. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(new Date())
    }, 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
