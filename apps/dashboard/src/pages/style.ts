/** All there is to load beside the script. Colours keep a contrast of 4.5 to 1 for text and 3 to 1 for bars, in both schemes. */
export const style = `
:root{color-scheme:light dark;--bg:#f3f5f8;--card:#fff;--text:#17202b;--dim:#556273;--line:#d9dfe7;--act:#0b6b57;--act-text:#fff;
--ok:#0b6b57;--ok-bg:#e2f4ef;--warn:#7a4b00;--warn-bg:#fdf1d8;--bad:#a3192b;--bad-bg:#fdecee;--off:#556273;--off-bg:#e9edf2;
--bar-ok:#2a9d82;--bar-wait:#7b86d6;--bar-warn:#c98a1b;--bar-bad:#cf4257;--bar-plain:#5b7fa6}
@media(prefers-color-scheme:dark){:root{--bg:#12171d;--card:#1b222b;--text:#e8edf3;--dim:#a3b0bf;--line:#313b47;--act:#3ecfa9;
--act-text:#06231c;--ok:#6be0c0;--ok-bg:#12362d;--warn:#ffcf7a;--warn-bg:#3a2c10;--bad:#ff9aa6;--bad-bg:#3a1a20;--off:#a3b0bf;--off-bg:#28313c;
--bar-ok:#3bb596;--bar-wait:#8e98ea;--bar-warn:#e0a53a;--bar-bad:#f06a7d;--bar-plain:#7fa3cc}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--text);font:.9375rem/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
font-variant-numeric:tabular-nums}
a{color:inherit;text-underline-offset:.15em;text-decoration-color:var(--dim)}
a:hover{text-decoration-color:currentColor}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}
h1{margin:0;font-size:1.35rem;line-height:1.25;overflow-wrap:anywhere}
h2{margin:0 0 .6rem;font-size:1rem}
h3{margin:0;font-size:.8125rem;color:var(--dim);font-weight:600}
p{margin:0}
ul,ol{list-style:none;margin:0;padding:0}
.skip{position:absolute;left:-99rem}.skip:focus{left:.5rem;top:.5rem;z-index:2;padding:.4rem .7rem;background:var(--card)}
.bar{background:var(--card);border-bottom:1px solid var(--line)}
.bar>div{display:flex;flex-wrap:wrap;align-items:center;gap:.25rem 1rem;max-width:80rem;margin:0 auto;padding:.35rem 1rem}
.brand{display:flex;align-items:center;gap:.45rem;font-weight:700;text-decoration:none}
.brand svg{width:1.25rem;height:1.25rem;color:var(--act)}
.bar nav ul{display:flex;flex-wrap:wrap;gap:.1rem}
.bar nav a{display:block;padding:.5rem .65rem;border-radius:.45rem;text-decoration:none;color:var(--dim);font-weight:600}
.bar nav a:hover{color:var(--text);background:var(--bg)}
.bar nav a[aria-current]{color:var(--text);background:var(--bg)}
.who{margin-left:auto;display:flex;gap:.75rem;align-items:center;font-size:.8125rem;color:var(--dim)}
main{max-width:80rem;margin:0 auto;padding:1rem 1rem 3rem;display:grid;grid-template-columns:minmax(0,1fr);gap:.9rem}
.head{display:flex;flex-wrap:wrap;align-items:center;gap:.4rem 1rem}
.head h2{margin:0}
.head .side{margin-left:auto;display:flex;gap:.6rem;align-items:center}
.dim{color:var(--dim)}.small{font-size:.8125rem}.num{text-align:right}.nowrap{white-space:nowrap}.any{overflow-wrap:anywhere}
.code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.8125rem;overflow-wrap:anywhere}
.card{background:var(--card);border:1px solid var(--line);border-radius:.7rem;padding:.85rem 1rem;min-width:0}
.two{display:grid;gap:.9rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,26rem),1fr))}
.three{display:grid;gap:1.25rem;grid-template-columns:repeat(auto-fit,minmax(min(100%,17rem),1fr))}
.tiles{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fit,minmax(8.5rem,1fr))}
.tile{display:block;background:var(--card);border:1px solid var(--line);border-left:.3rem solid var(--tone,var(--line));border-radius:.7rem;
padding:.55rem .8rem;text-decoration:none}
a.tile:hover{border-color:var(--dim)}a.tile:hover{border-left-color:var(--tone,var(--dim))}
.tile b{display:block;font-size:1.4rem;line-height:1.2}
.tile.ok{--tone:var(--bar-ok)}.tile.warn{--tone:var(--bar-warn)}.tile.bad{--tone:var(--bar-bad)}.tile.off{--tone:var(--off)}
.pill{display:inline-block;padding:.05rem .5rem;border-radius:1rem;font-size:.75rem;font-weight:600;white-space:nowrap}
.pill.ok{color:var(--ok);background:var(--ok-bg)}.pill.warn{color:var(--warn);background:var(--warn-bg)}
.pill.bad{color:var(--bad);background:var(--bad-bg)}.pill.off{color:var(--off);background:var(--off-bg)}
.banner{padding:.65rem .9rem;border-radius:.7rem;overflow-wrap:anywhere}
.banner.ok{color:var(--ok);background:var(--ok-bg)}.banner.warn{color:var(--warn);background:var(--warn-bg)}
.banner.bad{color:var(--bad);background:var(--bad-bg)}
.banner b{display:block}
.ranges{display:flex;gap:.1rem}
.ranges a{padding:.3rem .55rem;border-radius:.45rem;text-decoration:none;color:var(--dim);font-weight:600;font-size:.8125rem}
.ranges a[aria-current]{color:var(--text);background:var(--card);border:1px solid var(--line)}
.notes{display:grid;gap:.6rem}
.first{display:flex;flex-wrap:wrap;gap:.2rem .9rem;align-items:center;margin-top:.35rem}
.first details[open]{flex-basis:100%}
.banner details>summary{color:inherit}
.answer{border-left:.3rem solid var(--tone)}.answer.ok{--tone:var(--bar-ok)}.answer.bad{--tone:var(--bar-bad)}
.large{font-size:1.25rem;font-weight:700;line-height:1.3}
.causes{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;margin:.3rem 0}
.scroll{overflow-x:auto;margin:0 -1rem -.35rem;padding:0 1rem .35rem}
table{width:100%;border-collapse:collapse;font-size:.875rem}
caption{text-align:left;font-weight:600;padding-bottom:.4rem}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap}
th{text-align:left;font-size:.75rem;color:var(--dim);font-weight:600}
th.num{text-align:right}
th,td{padding:.35rem .6rem .35rem 0;border-top:1px solid var(--line);vertical-align:top}
thead th{border-top:0;vertical-align:bottom}
th:last-child,td:last-child{padding-right:0}
.num+:not(.num){padding-left:1.2rem}
tbody th{font-size:.875rem;color:inherit}
td.zero{color:var(--dim)}
figure{margin:0;min-width:0}
figcaption{display:flex;flex-wrap:wrap;gap:0 1rem;justify-content:space-between;font-weight:600;margin-bottom:.35rem}
figcaption span{font-weight:400;font-size:.8125rem;color:var(--dim)}
.plot{border-bottom:1px solid var(--dim)}
.plot svg{display:block;width:100%;height:7.5rem}
.grid{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
.axis{display:flex;justify-content:space-between;font-size:.75rem;color:var(--dim);margin-top:.15rem}
.legend{display:flex;flex-wrap:wrap;gap:.15rem .9rem;font-size:.8125rem;color:var(--dim);margin-top:.3rem}
.legend i{display:inline-block;width:.7rem;height:.7rem;border-radius:.15rem;margin-right:.35rem}
.f-ok{fill:var(--bar-ok);background:var(--bar-ok)}.f-wait{fill:var(--bar-wait);background:var(--bar-wait)}
.f-warn{fill:var(--bar-warn);background:var(--bar-warn)}.f-bad{fill:var(--bar-bad);background:var(--bar-bad)}
.f-plain{fill:var(--bar-plain);background:var(--bar-plain)}
.slot{fill:transparent}g:hover>.slot{fill:var(--line);fill-opacity:.6}
details>summary{cursor:pointer;font-size:.8125rem;color:var(--dim);width:fit-content;padding:.15rem 0}
details[open]>summary{margin-bottom:.3rem}
.tall{max-height:18rem;overflow:auto}
form.filter{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fit,minmax(9rem,1fr));align-items:end}
form.filter .wide{grid-column:span 2}
label{display:block;font-size:.8125rem;font-weight:600;color:var(--dim)}
input,select{width:100%;min-height:2.4rem;margin-top:.15rem;padding:.3rem .6rem;font:inherit;color:var(--text);background:var(--bg);
border:1px solid #8793a3;border-radius:.5rem}
fieldset{margin:0;padding:0;border:0;min-width:0}legend{padding:0;font-size:.8125rem;font-weight:600;color:var(--dim)}
fieldset label{padding:.2rem 0;font-weight:400;color:inherit}
.pick{width:2rem}.pick label{display:block;padding:.1rem .4rem .1rem 0}
input[type=checkbox],input[type=radio]{width:1.05rem;min-height:1.05rem;margin:0 .4rem 0 0;vertical-align:-.15rem;accent-color:var(--act)}
button,.button,.acts summary{display:inline-block;min-height:2.4rem;padding:.4rem .9rem;font:inherit;font-weight:600;font-size:.875rem;text-align:center;
text-decoration:none;color:var(--act-text);background:var(--act);border:1px solid transparent;border-radius:.5rem;cursor:pointer}
.quiet,.acts summary{color:inherit;background:transparent;border-color:#8793a3}
.danger{color:var(--card);background:var(--bad)}
.acts{display:flex;flex-wrap:wrap;gap:.5rem;align-items:flex-start}
.acts form{display:flex;flex-wrap:wrap;gap:.4rem .7rem;align-items:center}
.acts summary{list-style:none;color:var(--bad)}.acts summary.plain{color:inherit}
.acts summary::-webkit-details-marker{display:none}
.acts details[open]{flex-basis:100%}
.acts details form{margin-top:.3rem;padding:.8rem;border:1px solid var(--bad);border-radius:.5rem}
.tags{display:block;font-size:.75rem;font-weight:400}.tags a{display:inline-block;padding:0 .45rem;border:1px solid var(--line);border-radius:1rem;text-decoration:none}
.tags a:hover{border-color:var(--dim)}
.saved{display:flex;flex-wrap:wrap;gap:.3rem .5rem;align-items:center;font-size:.8125rem}.saved a{padding:.2rem .6rem;border:1px solid var(--line);border-radius:1rem;text-decoration:none;overflow-wrap:anywhere}
.saved a[aria-current]{background:var(--card);font-weight:600;border-color:var(--dim)}.saved form{display:flex;flex-wrap:wrap;gap:.4rem;align-items:center}.saved input{width:12rem}
.pages{display:flex;flex-wrap:wrap;gap:.6rem;align-items:center;margin-top:.7rem}
.facts{display:grid;grid-template-columns:minmax(8rem,auto) minmax(0,1fr);gap:.3rem 1rem}
.facts dt{color:var(--dim);font-size:.8125rem}
.facts dd{margin:0;overflow-wrap:anywhere}
.line>li{display:grid;grid-template-columns:9.5rem minmax(0,1fr);gap:.1rem .9rem;padding:.45rem 0;border-top:1px solid var(--line)}
.line>li:first-child{border-top:0}
.line time{color:var(--dim);font-size:.8125rem}
.lone{max-width:30rem;margin:6vh auto;padding:1.75rem}
.lone .button{margin-top:1.1rem}
.gap{margin-top:.6rem}
[data-part]:not(:has(*)){display:none}
[data-part]>.banner:first-child,section>.banner:first-child{margin-top:0}
@media(max-width:40rem){
main{padding:.75rem .75rem 2rem}.bar>div{padding:.35rem .75rem}.card{padding:.75rem}
.scroll{margin:0 -.75rem -.35rem;padding:0 .75rem .35rem}
.brand{margin-right:auto}.who{margin-left:0;justify-content:space-between}.bar nav{order:3}
.bar nav{width:100%;overflow-x:auto}.bar nav ul{flex-wrap:nowrap;width:max-content}.bar nav a{padding:.45rem .5rem;font-size:.8125rem}
.bar>div{gap:0 1rem}.who{font-size:.75rem}main{gap:.6rem}.large{font-size:1.1rem}
.banner{padding:.45rem .7rem;font-size:.8125rem;line-height:1.35}.banner b{font-size:.875rem}.banner .small{font-size:.75rem}
.banner .button,.banner button{min-height:2rem;padding:.25rem .75rem}.notes{gap:.45rem}
.tiles{grid-template-columns:1fr 1fr}
.stack thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.stack,.stack tbody,.stack tr,.stack th,.stack td{display:block;border:0;padding:0}
.stack tr{padding:.6rem 0;border-top:1px solid var(--line);display:grid;grid-template-columns:1fr 1fr;gap:.15rem .8rem}
.stack tr{position:relative}.stack .pick{position:absolute;right:0;top:.4rem;width:auto;z-index:1}.stack .pick label{padding:.3rem}.stack .pick+th{padding-right:2rem}
.stack tbody th{grid-column:1/-1}
.stack caption{display:block}.stack .nowrap{white-space:normal}.stack .zero{display:none}.stack .num+:not(.num){padding-left:0}
.stack td[data-label]::before{content:attr(data-label) " ";color:var(--dim);font-size:.75rem;display:block}
.stack .num{text-align:left}
.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:.45rem}
.line>li{grid-template-columns:1fr}
.acts>*,.acts>form>button{width:100%}
}
@media(prefers-reduced-motion:no-preference){.fresh{animation:fresh 1.2s}@keyframes fresh{from{background:var(--ok-bg)}}}
`;
