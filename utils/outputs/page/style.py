"""The look of all pages. Colours of the heads: Okabe and Ito (2008), Color Universal Design; told apart by all eyes."""

STYLE = """
:root {
  color-scheme: light dark;
  --paper: #fff; --ink: #1c1c1c; --soft: #5c5c5c; --rule: #d9d9d9; --grid: #e6e6e6; --link: #0072b2;
  --head-0: #0072b2; --head-1: #d55e00; --head-2: #009e73; --head-3: #1c1c1c; --head-4: #b5538f; --head-5: #b07900;
}
@media screen and (prefers-color-scheme: dark) {
  :root {
    --paper: #16181a; --ink: #e4e4e2; --soft: #a3a5a6; --rule: #3a3d40; --grid: #2b2e30; --link: #56b4e9;
    --head-0: #56b4e9; --head-1: #ef7a2e; --head-2: #1fbf90; --head-3: #e4e4e2; --head-4: #d994bb; --head-5: #f0e442;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; padding: 2.5rem 1rem 4rem; max-width: 70rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Apple SD Gothic Neo", "Malgun Gothic",
    "Noto Sans KR", "Noto Sans CJK KR", sans-serif;
  font-variant-numeric: tabular-nums lining-nums; overflow-wrap: break-word;
}
h1 { margin: 0 0 .6rem; font-size: 1.75rem; line-height: 1.2; font-weight: 650; letter-spacing: -.01em; overflow-wrap: anywhere; }
h3 { margin: 1.5rem 0 .5rem; font-size: .875rem; line-height: 1.3; font-weight: 600; }
h2 { margin: 0 0 1rem; font-size: 1.05rem; line-height: 1.3; font-weight: 650; }
p { margin: 0 0 .75rem; }
a { color: var(--link); text-underline-offset: .15em; }
.verdict { max-width: 46rem; font-size: 1.25rem; line-height: 1.45; }
.about, p.note, figcaption, nav { color: var(--soft); font-size: .875rem; }
p.note { max-width: 46rem; }
nav { display: flex; flex-wrap: wrap; gap: .25rem 1rem; margin: 1rem 0 0; }
section { margin-top: 2.5rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
section > div { min-width: 0; }
@media (min-width: 62rem) {
  body { padding: 4rem 2rem 6rem; }
  section { display: grid; grid-template-columns: 10rem minmax(0, 1fr); column-gap: 2rem; }
}
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.5rem 2.5rem; }
figure { margin: 0; max-width: 29rem; break-inside: avoid; }
figcaption { margin-bottom: .5rem; }
svg { display: block; width: 100%; height: auto; overflow: visible; }
svg text { font-size: 11px; fill: var(--soft); }
svg .label, svg .value { fill: var(--ink); }
svg .label, svg .name { font-weight: 600; }
svg .note { font-size: 10px; }
.behind { fill: var(--paper); }
svg .halo { paint-order: stroke; stroke: var(--paper); stroke-width: 3px; stroke-linejoin: round; }
.h0 { --head: var(--head-0); } .h1 { --head: var(--head-1); } .h2 { --head: var(--head-2); }
.h3 { --head: var(--head-3); } .h4 { --head: var(--head-4); } .h5 { --head: var(--head-5); }
.mark { fill: var(--head); stroke: var(--paper); stroke-width: .8; }
svg .name { fill: var(--head); }
.seed { fill: none; stroke: var(--head); stroke-width: 1.3; }
.whisker { stroke: var(--head); stroke-width: 2; }
.grid { stroke: var(--grid); stroke-width: 1; }
.zero, .interval { stroke: var(--ink); stroke-width: 1; }
.interval { stroke-width: 1.6; }
.margin { stroke: var(--soft); stroke-width: 1; stroke-dasharray: 4 3; }
.decided { fill: var(--ink); stroke: var(--ink); stroke-width: 1.6; }
.undecided { fill: var(--paper); stroke: var(--ink); stroke-width: 1.6; }
.diamond, .arrow { fill: var(--ink); }
.prediction { stroke: var(--soft); stroke-width: 1.6; }
.arrow { stroke: none; }
.arrow.prediction { fill: var(--soft); }
.spread { stroke: var(--rule); stroke-width: 2; }
.leader { stroke: var(--soft); stroke-width: .7; }
polyline { fill: none; stroke: var(--head); stroke-linejoin: round; }
.thin { stroke-width: .9; opacity: .35; }
.bold { stroke-width: 2.2; }
.bar { fill: var(--head); opacity: .45; }
.band { fill: var(--head); opacity: .13; }
.wrong .mark { fill: none; stroke: var(--soft); stroke-width: 1; }
.legend { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; font-size: .875rem; }
.swatch { display: inline-block; width: .8rem; height: .8rem; }
.scroll { /* a bar at the right edge for as long as there is more to scroll to */
  overflow-x: auto; margin: 1rem 0;
  background: linear-gradient(var(--paper), var(--paper)) right / 8px 100% no-repeat local,
    linear-gradient(var(--rule), var(--rule)) right / 4px 100% no-repeat scroll;
}
table { border-collapse: collapse; font-size: .875rem; line-height: 1.4; }
th, td { padding: .3rem 0 .3rem 1.25rem; text-align: right; vertical-align: baseline; white-space: nowrap; font-weight: 400; }
thead th { min-width: 4.5rem; max-width: 9rem; vertical-align: bottom; white-space: normal; color: var(--soft); border-bottom: 1px solid var(--ink); }
tbody th { font-weight: 600; }
tbody tr:last-child > * { border-bottom: 1px solid var(--ink); }
th:first-child { min-width: 0; padding-left: 0; text-align: left; }
.long { min-width: 12rem; max-width: 16rem; white-space: normal; overflow-wrap: anywhere; }
.matrix td, .matrix thead th { padding: .3rem .6rem; border: 1px solid var(--paper); }
.matrix thead th { border-bottom: 1px solid var(--ink); overflow-wrap: anywhere; }
.matrix th.corner { max-width: none; padding-left: 0; white-space: nowrap; }
.matrix td.right { background: color-mix(in srgb, var(--head-0) calc(var(--share) * .55), transparent); }
.matrix td.mistaken { background: color-mix(in srgb, var(--head-1) calc(var(--share) * .7), transparent); }
.matrix td.none { color: var(--rule); }
ul, ol { margin: 1rem 0; padding-left: 1.1rem; }
li { margin-bottom: .35rem; }
section ul { max-width: 46rem; font-size: .9375rem; }
details > summary { cursor: pointer; }
details:not(.text) > summary { color: var(--soft); font-size: .875rem; margin-top: .75rem; }
dl { margin: 0; display: grid; gap: .2rem; font-size: .875rem; }
.facts { gap: .4rem; }
.facts > div { display: flex; flex-wrap: wrap; gap: 0 1rem; } /* a long value goes below its name */
.facts dt { flex: 0 0 9rem; }
@media (min-width: 40rem) { .facts > div { display: grid; grid-template-columns: minmax(8rem, 16rem) minmax(0, 1fr); } }
dt { color: var(--soft); overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; }
pre { margin: 0 0 1rem; white-space: pre-wrap; overflow-wrap: anywhere; font: .8125rem/1.5 ui-monospace, Consolas, Menlo, monospace; }
.rows { list-style: none; padding: 0; margin: 0; }
.rows > li { margin: 0; padding: .9rem 0; border-top: 1px solid var(--grid); break-inside: avoid; }
.flag { white-space: nowrap; }
.where { float: right; margin: 0 0 0 1rem; color: var(--soft); font-size: .8125rem; }
@media (max-width: 40rem) { .where { float: none; margin: 0 0 .25rem; } }
.text { max-width: 46rem; margin: 0 0 .5rem; overflow-wrap: anywhere; white-space: pre-line; }
.text:lang(ko) { word-break: keep-all; }
.more { color: var(--link); margin-left: .25rem; white-space: nowrap; }
details.text > summary { list-style: none; }
details.text > summary::-webkit-details-marker { display: none; }
details[open] > summary .more { display: none; }
.rows dl { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .4rem 1.25rem; }
.rows dl.two { grid-template-columns: repeat(auto-fit, minmax(min(100%, 16rem), 1fr)); max-width: 46rem; }
.counts { grid-template-columns: repeat(auto-fit, minmax(min(100%, 18rem), 1fr)); gap: .2rem 2.5rem; margin-bottom: 1.5rem; }
.counts > div { display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 1rem; max-width: 26rem; }
.rows dt { display: inline; font-weight: 600; color: var(--head, var(--soft)); }
.rows dd { display: inline; }
.rows dd + dd { display: block; }
.seeds { display: inline-block; width: auto; height: .7rem; margin-right: .4rem; }
.share { color: var(--soft); }
@media print {
  body { padding: 0; max-width: none; font-size: 10pt; }
  nav { display: none; }
  h2, p.note, .legend { break-after: avoid; }
  tr { break-inside: avoid; }
  .scroll { overflow: visible; }
  details::details-content { content-visibility: visible; display: block; height: auto; }
  details > summary .more { display: none; }
}
"""
