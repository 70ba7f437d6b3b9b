import { useState } from 'preact/hooks'

interface SliderProps {
  readonly label: string
  /** Distinguishes sliders with the same label. */
  readonly about: string
  /** The current value, in words. */
  readonly text: string
  readonly unit: string
  readonly value: number
  readonly least: number
  readonly most: number
  readonly step: number
  /** Called on release. */
  readonly turn: (value: number) => void
}

export function Slider({ label, about, text, unit, value, least, most, step, turn }: SliderProps) {
  // During a drag, the dragged value takes precedence over the current one.
  const [moved, setMoved] = useState<number>()
  const told = moved === undefined ? text : `${moved}${unit}`
  return (
    <label class="slider">
      <span>
        {label} <span class="unseen">of {about}</span>
      </span>
      <input
        type="range"
        min={least}
        max={most}
        step={step}
        value={moved ?? value}
        aria-valuetext={told}
        onInput={(event) => setMoved(event.currentTarget.valueAsNumber)}
        onChange={(event) => {
          setMoved(undefined)
          turn(event.currentTarget.valueAsNumber)
        }}
      />
      <output>{told}</output>
    </label>
  )
}
