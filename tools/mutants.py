# SPDX-License-Identifier: ISC
"""Reads tests/mutants.txt: guards, and the tests that must fail without them."""
import dataclasses
import pathlib
import re

LIST = 'tests/mutants.txt'


@dataclasses.dataclass
class Mutant:
    rule: str
    program: str
    test: str
    line: int
    file: str = ''
    changes: list = dataclasses.field(default_factory=list)  # (text, text in its place)

    def complaints(self, root):
        path = pathlib.Path(root, self.file)
        if not path.is_file():
            return [f'{LIST}:{self.line}: there is no {self.file}']
        text = path.read_text()
        return [f'{LIST}:{self.line}: this stands {text.count(old)} times in {self.file}: {old.splitlines()[0].strip()}'
                for old, _ in self.changes if text.count(old) != 1]

    def apply(self, root):
        path = pathlib.Path(root, self.file)
        text = path.read_text()
        for old, new in self.changes:
            text = text.replace(old, new)
        path.write_text(text)


def load(root):
    found, last = [], ''
    for number, line in enumerate(pathlib.Path(root, LIST).read_text().splitlines(), 1):
        if m := re.fullmatch(r'== (\S+) (\S+) (.+)', line):
            found.append(Mutant(*m.groups(), number))
        elif line.startswith('#') or not line:
            continue
        elif line[0] in '+-' and found:
            if line[0] == '-' and last != '-':
                found[-1].changes.append(['', ''])
            found[-1].changes[-1][line[0] == '+'] += line[1:] + '\n'
        elif found:
            found[-1].file = line
        last = line[:1]
    return found
