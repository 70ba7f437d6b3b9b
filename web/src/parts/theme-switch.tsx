import { chooseTheme, type Theme, theme, themeFrom } from '../session.ts'
import { useStore } from '../store.ts'

const names: Readonly<Record<Theme, string>> = { system: 'System', light: 'Light', dark: 'Dark' }

export function ThemeSwitch() {
  const chosen = useStore(theme)
  return (
    <label class="theme">
      <span class="unseen">Theme</span>
      <select value={chosen} onChange={(event) => chooseTheme(themeFrom(event.currentTarget.value))}>
        {Object.entries(names).map(([value, name]) => (
          <option key={value} value={value}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
