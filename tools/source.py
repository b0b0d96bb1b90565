"""source.py: the project's files, and C source with its comments and strings told apart."""
import os
import re
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

TOKEN = re.compile(r'''
    (?P<comment> /\*.*?\*/ | //[^\n]* )
  | (?P<string> "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*' )
''', re.S | re.X)


def files():
    """Every file of the project, from its root on; with git those it knows, else all there are."""
    try:
        listed = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "-co", "--exclude-standard"],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if listed.returncode == 0 and listed.stdout and os.path.exists(os.path.join(ROOT, ".git")):
            return sorted(name for name in listed.stdout.split("\0")
                          if name and os.path.isfile(os.path.join(ROOT, name)))
    except OSError:
        pass
    found = []
    for where, directories, names in os.walk(ROOT):
        directories[:] = [d for d in directories if d != ".git" and not d.startswith("build")]
        found += [os.path.relpath(os.path.join(where, name), ROOT) for name in names]
    return sorted(found)


def read(name):
    """The text of a file, or None when it is no text."""
    with open(os.path.join(ROOT, name), "rb") as file:
        data = file.read()
    try:
        return None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        return None


def _blank(text):
    return re.sub(r"[^\n]", " ", text)


def code(text):
    """C source with the same lines and columns, but comments and what strings say made blank."""
    return TOKEN.sub(lambda m: _blank(m.group()) if m.group("comment")
                     else m.group()[0] + _blank(m.group()[1:-1]) + m.group()[-1], text)


def without_comments(text):
    """C source with the same lines and columns, but its comments made blank."""
    return TOKEN.sub(lambda m: _blank(m.group()) if m.group("comment") else m.group(), text)


def comments(text):
    """[(line number, text)] of the comments."""
    return [(text.count("\n", 0, m.start()) + 1, m.group("comment"))
            for m in TOKEN.finditer(text) if m.group("comment")]


def line_of(text, at):
    """The number of the line in which the offset is."""
    return text.count("\n", 0, at) + 1
