interface SelectProps {
  readonly label: string
  readonly value: string
  /** What stands for no choice. */
  readonly all: string
  readonly options: readonly string[]
  readonly choose: (value: string) => void
}

export function Select({ label, value, all, options, choose }: SelectProps) {
  // A value out of an address may be none of those that are known.
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
