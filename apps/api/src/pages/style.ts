/** All there is to load: no fonts, images or scripts from anywhere. Colours keep a contrast of 4.5 to 1 in both schemes. */
export const style = `
:root{color-scheme:light dark;--bg:#f3f5f8;--card:#fff;--text:#17202b;--dim:#556273;--line:#d9dfe7;--act:#0b6b57;--act-text:#fff;
--ok:#0b6b57;--ok-bg:#e2f4ef;--warn:#7a4b00;--warn-bg:#fdf1d8;--bad:#a3192b;--bad-bg:#fdecee;--off:#556273;--off-bg:#e9edf2}
@media(prefers-color-scheme:dark){:root{--bg:#12171d;--card:#1b222b;--text:#e8edf3;--dim:#a3b0bf;--line:#313b47;--act:#3ecfa9;
--act-text:#06231c;--ok:#6be0c0;--ok-bg:#12362d;--warn:#ffcf7a;--warn-bg:#3a2c10;--bad:#ff9aa6;--bad-bg:#3a1a20;--off:#a3b0bf;--off-bg:#28313c}}
*{box-sizing:border-box}
body{margin:0;padding:clamp(1rem,4vw,3rem) 1rem;background:var(--bg);color:var(--text);
font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:42rem;margin:0 auto}
header{display:flex;flex-wrap:wrap;gap:.25rem 1rem;align-items:baseline;justify-content:space-between;margin-bottom:1.25rem}
h1{margin:0;font-size:1.6rem;line-height:1.25}
h2{margin:2rem 0 .75rem;font-size:1rem;color:var(--dim)}
h3{margin:0;font-size:1rem;line-height:1.35}
p{margin:0}
ul{list-style:none;margin:0;padding:0}
.dim{color:var(--dim)}
.small{font-size:.875rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:.8rem}
.card+.card{margin-top:.6rem}
.row{display:flex;flex-wrap:wrap;align-items:center;gap:.75rem;padding:.9rem 1rem}
.what{flex:1 1 12rem;min-width:0;overflow-wrap:anywhere}
.acts{display:flex;flex-wrap:wrap;gap:.5rem;align-items:center}
.mark{flex:none;display:grid;place-items:center;width:2.5rem;height:2.5rem;border-radius:.6rem;font-weight:700;color:#fff}
.sign{background:var(--off-bg);color:var(--text)}.sign svg{fill:currentColor}
.hue0{background:#2456d6}.hue1{background:#0b6b57}.hue2{background:#a3192b}.hue3{background:#6b3fa0}.hue4{background:#8a4b08}.hue5{background:#0f5e7a}
.pill{display:inline-block;padding:.1rem .6rem;border-radius:1rem;font-size:.8125rem;font-weight:600;white-space:nowrap}
.ok{color:var(--ok);background:var(--ok-bg)}.warn{color:var(--warn);background:var(--warn-bg)}
.bad{color:var(--bad);background:var(--bad-bg)}.off{color:var(--off);background:var(--off-bg)}
.banner{margin-bottom:1.25rem;padding:.8rem 1rem;border-radius:.8rem;font-weight:600;overflow-wrap:anywhere}
button,.button,summary{display:inline-block;min-height:2.75rem;padding:.6rem 1rem;font:inherit;font-size:.9375rem;font-weight:600;line-height:1.5;
text-align:center;text-decoration:none;color:var(--act-text);background:var(--act);border:1px solid transparent;border-radius:.55rem;cursor:pointer}
.quiet,summary{color:inherit;background:transparent;border-color:var(--line)}
.danger{color:var(--bad);background:var(--bad-bg)}
summary{list-style:none}
summary::-webkit-details-marker{display:none}
details[open]>summary{border-color:var(--dim)}
.more{border-top:1px solid var(--line);padding:.7rem 1rem;color:var(--dim);font-size:.875rem;overflow-wrap:anywhere}
.confirm{position:relative}
.confirm[open] form{position:absolute;right:0;z-index:1;margin-top:.4rem;padding:.9rem;width:15rem;max-width:80vw;background:var(--card);
border:1px solid var(--line);border-radius:.7rem;box-shadow:0 8px 28px #0003}
.confirm p{margin-bottom:.7rem}
.grid{display:grid;gap:.6rem;grid-template-columns:repeat(auto-fill,minmax(min(100%,17rem),1fr))}
.grid .card{margin:0}
.grid .what{flex-basis:4rem}
.empty{padding:1.5rem 1rem;text-align:center;color:var(--dim);border-style:dashed}
.lone{max-width:26rem;margin:8vh auto 0;padding:2rem 1.75rem}
.lone h1{margin-bottom:.5rem;font-size:1.35rem}
.lone .button,.lone form{margin-top:1.5rem}
.lone form+p{margin-top:1rem}
.lone .more{margin-top:1rem;padding:.7rem 0 0}
.lone p{overflow-wrap:anywhere}
.wide{width:100%}
.logo{display:block;height:2.5rem;max-width:12rem;object-fit:contain;margin-bottom:.75rem}
.search{display:flex;gap:.5rem;margin-bottom:.75rem}
.search input{flex:1;min-width:0;min-height:2.75rem;padding:.6rem .9rem;font:inherit;color:inherit;background:var(--card);border:1px solid var(--dim);border-radius:.55rem}
.asked{border-top:1px solid var(--line);font-size:.875rem;color:var(--dim)}
.asked summary{min-height:0;padding:.6rem 1rem;width:100%;text-align:left;border:0;font-size:.875rem;font-weight:400;text-decoration:underline}
.asked li{padding:0 1rem .6rem;overflow-wrap:anywhere}
footer{display:flex;gap:1.25rem;margin-top:2rem}
a{color:inherit}
:focus-visible{outline:3px solid var(--act);outline-offset:2px}
.what .pill{margin-top:.3rem}
.card>.row:has(.pill){align-items:flex-start}.card>.row:has(.pill)>.acts{align-self:center}
.confirm button{width:100%}
@media(max-width:30rem){.card>.row:has(.pill)>.acts{flex:1 1 100%}.card>.row:has(.pill)>.acts>*{flex:1}.acts button,.acts summary,.acts .button{width:100%}
.confirm[open] form{left:0;right:auto;width:100%;min-width:14rem}.confirm:last-child:not(:first-child)[open] form{left:auto;right:0}}
`;
