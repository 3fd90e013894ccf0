"""DOT text, read back into boxes, arrows and frames."""

import html
import re


def boxes(source):
    """Id -> all the words of its label, with a bar between the rows."""
    found = {}
    for box, label in re.findall(r"^\t*(n\d+) \[label=<(<TABLE.*?</TABLE>)>", source, re.M):
        rows = re.findall(r"<TR>(.*?)</TR>", label)
        words = (re.sub("<[^>]*>", " ", row.replace("<BR", " <BR")).split() for row in rows)
        found[box] = " | ".join(html.unescape(" ".join(row)) for row in words)
    return found


def arrows(source):
    """(first word of tail, first word of head, label), several times if drawn several times."""
    names = {box: text.split(" | ")[0] for box, text in boxes(source).items()}
    found = []
    for tail, head, rest in re.findall(r"^\t(n\d+) -> (n\d+)(.*)$", source, re.M):
        label = re.search(r'label="  (.*?)  "', rest)
        found.append((names[tail], names[head], label[1] if label else ""))
    return found


def frames(source):
    return [
        re.sub("<[^>]*>", "", label)
        for label in re.findall(r"subgraph cluster_\d+ {\n\t*label=<(.*?)> style", source)
    ]
