# SPDX-License-Identifier: ISC
"""What the law checks share: the layer table, read from src/meson.build so that there is one list, and
the layers that may touch descriptors, clocks and the environment."""
import pathlib
import re
import sys

# Descriptors belong to these and to the programs (every folder of src/ that is no layer).
SYSTEM_LAYERS = {'io', 'bridge', 'sandbox'}


def layer_table(root):
    """layer -> (layers it may use, libraries from outside)"""
    text = (pathlib.Path(root) / 'src/meson.build').read_text()
    table = re.search(r'^layers = \{(.*?)^\}', text, re.M | re.S)
    rows = re.findall(r"^\s*'(\w+)':\s*\[\s*\[(.*?)\]\s*,\s*\[(.*?)\]\s*,?\s*\]",
                      table.group(1) if table else '', re.M | re.S)
    layers = {name: (re.findall(r"'(\w+)'", uses), re.findall(r'\w+', libs))
              for name, uses, libs in rows}
    if not layers or len(layers) != table.group(1).count(':'):
        sys.exit('src/meson.build: the layer table cannot be read')
    return layers


def sources(root, *folders):
    for folder in folders:
        for path in sorted((pathlib.Path(root) / folder).rglob('*.[ch]')):
            yield path, path.relative_to(root).as_posix()


def verdict(name, looked_at, complaints):
    """Ends the program: complaints, or nothing looked at, is a failure."""
    for line in complaints:
        print(line)
    if looked_at == 0:
        sys.exit(f'{name}: found nothing to look at')
    print(f'{name}: {looked_at} looked at, {len(complaints)} against the law')
    sys.exit(1 if complaints else 0)
