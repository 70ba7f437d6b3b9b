/** The page of `hedgerow load --web`: shows the server's figures, and asks it to start, change or stop a run. */
const svgSpace = 'http://www.w3.org/2000/svg'
const pointLimit = 300
const byId = (id) => document.getElementById(id)

let history = []
let isFirst = true

const events = new EventSource('events')
events.addEventListener('history', ({ data }) => {
  history = JSON.parse(data)
  drawCharts()
})
events.addEventListener('state', ({ data }) => show(JSON.parse(data)))
events.addEventListener('error', () => {
  byId('state').textContent = 'the load tester does not answer; has it ended?'
})

byId('form').addEventListener('submit', (event) => {
  event.preventDefault()
  void ask('start', { kind: kindOf(), value: byId('value').valueAsNumber })
})
byId('change').addEventListener('click', () => void ask('pace', { value: byId('value').valueAsNumber }))
byId('stop').addEventListener('click', () => void ask('stop', {}))

async function ask(path, body) {
  const fault = byId('fault')
  fault.textContent = ''
  try {
    const answer = await fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    if (!answer.ok) fault.textContent = await answer.text()
  } catch (error) {
    fault.textContent = String(error)
  }
}

function kindOf() {
  return document.querySelector('input[name=kind]:checked').value
}

function show({ target, phase, text, pace, counts, point, hasReport }) {
  byId('target').textContent = target
  byId('state').textContent = text
  const isIdle = phase === 'idle'
  byId('start').disabled = !isIdle
  byId('change').disabled = phase !== 'running'
  byId('stop').disabled = isIdle
  byId('report').hidden = !hasReport
  for (const radio of document.querySelectorAll('input[name=kind]')) radio.disabled = !isIdle
  // Do not overwrite a value while it is being typed.
  if (isFirst) {
    isFirst = false
    document.querySelector(`input[value=${pace.kind}]`).checked = true
    byId('value').value = pace.value
  }
  if (point?.second === 0) history = []
  if (point !== undefined) history = [...history, point].slice(-pointLimit)
  showFigures(counts, point)
  drawCharts()
}

function showFigures(counts, point) {
  const figures = [
    ['a second', point?.perSecond],
    ['p50 ms', point?.p50Ms],
    ['p99 ms', point?.p99Ms],
    ['in flight', counts.inFlight],
    ['sent', counts.sent],
    ['completed', counts.completed],
    ['late', counts.late],
    ['failed by status', counts.badStatus],
    ['without answer', counts.errors],
    ['timed out', counts.timedOut],
  ]
  byId('figures').replaceChildren(
    ...figures.map(([name, value]) => {
      const group = document.createElement('div')
      const [term, figure] = [document.createElement('dt'), document.createElement('dd')]
      term.textContent = name
      figure.textContent = value === undefined ? '-' : short(value)
      group.append(term, figure)
      return group
    }),
  )
}

function drawCharts() {
  const series = (...names) => names.map((name) => history.map((point) => point[name]))
  draw(byId('rate'), series('perSecond', 'failedPerSecond'))
  draw(byId('latency'), series('p50Ms', 'p99Ms'))
  draw(byId('in-flight'), series('inFlight'))
}

function draw(svg, series) {
  const [left, right, top, bottom] = [60, 712, 10, 195]
  const largest = Math.max(1, ...series.flat().filter((value) => value !== undefined))
  const yAt = (value) => bottom - (value / largest) * (bottom - top)
  const count = Math.max(2, history.length)
  const xAt = (place) => left + (place / (count - 1)) * (right - left)
  const parts = []
  for (const value of [0, largest / 2, largest]) {
    parts.push(element('line', { x1: left, x2: right, y1: yAt(value), y2: yAt(value) }))
    parts.push(element('text', { x: left - 6, y: yAt(value) + 4, 'text-anchor': 'end' }, short(value)))
  }
  for (const place of history.length === 0 ? [] : [0, history.length - 1]) {
    const anchor = place === 0 ? 'start' : 'end'
    parts.push(element('text', { x: xAt(place), y: 214, 'text-anchor': anchor }, `${history[place].second} s`))
  }
  for (const [number, values] of series.entries()) {
    let path = ''
    let isDrawing = false
    for (const [place, value] of values.entries()) {
      if (value !== undefined) path += `${isDrawing ? 'L' : 'M'}${xAt(place).toFixed(1)} ${yAt(value).toFixed(1)}`
      isDrawing = value !== undefined
    }
    parts.push(element('path', { class: `s${number}`, d: path }))
  }
  svg.replaceChildren(...parts)
}

function element(name, attributes, text = '') {
  const made = document.createElementNS(svgSpace, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value))
  made.textContent = text
  return made
}

function short(value) {
  return value.toLocaleString('en', value < 1000 ? { maximumSignificantDigits: 3 } : { maximumFractionDigits: 0 })
}
