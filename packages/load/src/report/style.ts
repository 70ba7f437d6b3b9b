/** The report's styles, light and dark. */
export const style = `
:root { color-scheme: light dark; --line: #8884; --s0: #2563eb; --s1: #16a34a; --s2: #dc2626; }
@media (prefers-color-scheme: dark) { :root { --s0: #60a5fa; --s1: #4ade80; --s2: #f87171; } }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 760px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.2rem; overflow-wrap: anywhere; }
.tables { display: flex; flex-wrap: wrap; gap: 2rem; }
table { border-collapse: collapse; align-self: start; }
td { padding: .1rem .8rem .1rem 0; border-bottom: 1px solid var(--line); }
td + td { text-align: right; font-variant-numeric: tabular-nums; }
.note, .alarm { border-left: 4px solid var(--s2); padding-left: .8rem; }
.alarm { font-weight: bold; }
svg { width: 100%; margin-top: 1.5rem; }
svg text { font-size: 12px; fill: currentColor; }
svg .title { font-weight: bold; }
svg line { stroke: var(--line); }
svg path { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
svg path.s0 { stroke: var(--s0); } svg path.s1 { stroke: var(--s1); } svg path.s2 { stroke: var(--s2); }
svg tspan { font-weight: normal; }
svg tspan.s0 { fill: var(--s0); } svg tspan.s1 { fill: var(--s1); } svg tspan.s2 { fill: var(--s2); }
svg rect.good { fill: var(--s1); } svg rect.bad { fill: var(--s2); }
`
