interface SelectProps {
  readonly label: string
  readonly value: string
  /** The label for no choice. */
  readonly all: string
  readonly options: readonly string[]
  readonly choose: (value: string) => void
}

export function Select({ label, value, all, options, choose }: SelectProps) {
  // A value from the URL may not be among the known ones.
  const known = value === '' || options.includes(value) ? options : [value, ...options]
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => choose(event.currentTarget.value)}>
        <option value="">{all}</option>
        {known.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  )
}
