import 'uplot/dist/uPlot.min.css'
import './styles/base.css'
import './styles/layout.css'
import './styles/parts.css'
import { render } from 'preact'
import { App } from './app.tsx'
import { startLive } from './live.ts'
import { followLocation } from './location.ts'
import { applyTheme, theme } from './session.ts'

applyTheme(theme.get())
followLocation()
startLive()
render(<App />, document.querySelector('#app') as HTMLElement)
