# SPDX-License-Identifier: ISC
"""Prints what tools/coverage has measured: by file, by layer, and the lines that nothing went through."""
import collections
import json
import sys

LINES, BRANCHES = 95.0, 90.0


def part(done, of):
    return 100.0 * done / of if of else 100.0


def ranges(numbers):
    """3, 4, 5, 9 -> 3-5 9"""
    found = []
    for n in numbers:
        if found and found[-1][1] == n - 1:
            found[-1][1] = n
        else:
            found.append([n, n])
    return ' '.join(str(a) if a == b else f'{a}-{b}' for a, b in found)


def main(path):
    layers = collections.defaultdict(lambda: [0, 0, 0, 0])
    missing = []
    print(f'{"file":40} {"lines":>6} {"%":>6} {"branches":>9} {"%":>6}')
    with open(path, encoding='utf-8') as report:
        files = json.load(report)['files']
    for one in files:
        if not one['file'].endswith('.c'):
            continue
        lines = [x for x in one['lines'] if not x.get('gcovr/noncode') and not x.get('gcovr/excluded')]
        branches = [b for x in lines for b in x['branches'] if not b.get('throw')]
        got = [sum(x['count'] > 0 for x in lines), len(lines), sum(b['count'] > 0 for b in branches), len(branches)]
        for name in (one['file'].split('/')[1], 'all'):
            layers[name] = [a + b for a, b in zip(layers[name], got)]
        print(f'{one["file"]:40} {got[1]:6} {part(*got[:2]):6.1f} {got[3]:9} {part(*got[2:]):6.1f}')
        gone = [x['line_number'] for x in lines if x['count'] == 0]
        if gone:
            missing.append(f'{one["file"]}: {ranges(gone)}')
    print()
    for name, got in sorted(layers.items(), key=lambda item: (item[0] == 'all', item[0])):
        print(f'{name:40} {got[1]:6} {part(*got[:2]):6.1f} {got[3]:9} {part(*got[2:]):6.1f}')
    print('\nlines that nothing went through:', *missing, sep='\n')
    whole = layers['all']
    if part(*whole[:2]) < LINES or part(*whole[2:]) < BRANCHES:
        print(f'\nbelow the goal of {LINES:.0f} % of lines and {BRANCHES:.0f} % of branches')
        return 1
    return 0


sys.exit(main(sys.argv[1]))
