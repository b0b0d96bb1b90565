"""bench_report: the figures of tools/bench as a page with plots, which needs nothing but itself."""
import html
import platform

LANGUAGES = ("coppice", "erlang", "go")
COLOURS = {"coppice": "#2a7f5f", "erlang": "#a2264b", "go": "#2b7fb8"}
VERDICTS = {True: ("met", "#2a7f5f"), False: ("missed", "#c0392b"), None: ("-", "#888")}
WIDTH, BAR = 420, 14

HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Coppice: figures</title><style>
body { font: 15px/1.5 sans-serif; margin: 2em auto; max-width: 60em; color: #222 }
table { border-collapse: collapse; width: 100% } td, th { padding: .35em .6em; text-align: left; vertical-align: top }
tr { border-top: 1px solid #ddd } th { border-top: none } small { color: #666 } td.name { white-space: nowrap }
</style></head><body>
"""


def figure(value):
    return "%.4g" % value if value < 1e4 else "{:,.0f}".format(value)


def plot(result):
    """A bar for the median of each, a mark for each round, and a line where a fixed target is."""
    values = [v for language in LANGUAGES for v in result["rounds"][language]]
    limits = [float(t) for t in result["target"].split(",") if t != "-" and "/" not in t]
    most = max(values + limits + [1e-9])
    parts, y = [], 0
    for language in LANGUAGES:
        if result[language] is None:
            continue
        parts.append('<rect x="0" y="%d" width="%.1f" height="%d" fill="%s"/>' % (
            y, max(result[language] / most * WIDTH, 1), BAR - 3, COLOURS[language]))
        parts += ['<circle cx="%.1f" cy="%.1f" r="1.6" fill="#222"/>' % (
            v / most * WIDTH, y + (BAR - 3) / 2) for v in result["rounds"][language]]
        parts.append('<text x="%d" y="%d" font-size="11">%s</text>' % (
            WIDTH + 8, y + BAR - 4, "%s %s" % (language, figure(result[language]))))
        y += BAR
    for limit in limits:
        parts.append('<line x1="%.1f" x2="%.1f" y1="0" y2="%d" stroke="#222" stroke-dasharray="3 2"/>' % (
            limit / most * WIDTH, limit / most * WIDTH, y))
    return '<svg width="%d" height="%d" role="img">%s</svg>' % (WIDTH + 150, y + 2, "".join(parts))


def line(result):
    verdict, colour = VERDICTS[result["met"]]
    ratio = ""
    if result["coppice"] and result["erlang"]:
        better = result["erlang"] / result["coppice"]
        ratio = "%.1fx" % (better if result["better"] == "lower" else 1 / better)
    return ('<tr><td class="name">%s<br><small>%s, %s is better</small></td><td>%s</td><td>%s</td>'
            '<td>%s</td><td style="color:%s">%s</td></tr>\n' % (
                html.escape(result["row"]), html.escape(result["unit"]), result["better"],
                plot(result), ratio, html.escape(result["target"]), colour, verdict))


def write(path, results, rounds):
    met = sum(result["met"] is True for result in results)
    wanted = met + sum(result["met"] is False for result in results)
    with open(path, "w", encoding="utf-8") as file:
        file.write(HEAD)
        file.write("<h1>Coppice: figures</h1><p>%s; rounds: %d. Bars are medians, dots rounds, dashed lines "
                   "targets; the ratio is how many times better than Erlang. %d of %d targets are met.</p>"
                   "<table><tr><th>row</th><th></th><th>ratio</th><th>target</th><th></th></tr>\n" % (
                       html.escape(platform.platform()), rounds, met, wanted))
        file.writelines(line(result) for result in results)
        file.write("</table></body></html>\n")
