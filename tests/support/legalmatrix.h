/* SPDX-License-Identifier: ISC */
/*
 * Which message may be taken when, written a second time and apart from src/session/legal.c: one line a
 * range of numbers, one letter a phase.
 *
 *     columns  I ident, K first exchange (strict), L the same without strict, N before the service,
 *              A login, O open, R the peer's KEXINIT seen
 *     letters  . disconnect, y handle, e only the expected one, b bounded, i ignore, u unimplemented
 */
#ifndef SUPPORT_LEGALMATRIX_H
#define SUPPORT_LEGALMATRIX_H

struct legal_line {
	unsigned first, last;
	const char *server, *client; /* IKLNAOR */
};

static const struct legal_line legal_matrix[] = {
	{0, 0, ".......", "......."},
	{1, 1, ".yyyyyy", ".yyyyyy"},
	{2, 2, "..bbbbb", "..bbbbb"},
	{3, 3, "..bbbbb", "..bbbbb"},
	{4, 4, "..bbbbb", "..bbbbb"},
	{5, 5, "...yy..", "......."},
	{6, 6, ".......", "...y..."},
	{7, 7, "...b...", "...bb.."},
	{8, 19, ".....u.", ".....u."},
	{20, 20, ".ee..y.", ".ee..y."},
	{21, 21, ".ee...e", ".ee...e"},
	{22, 29, ".......", "......."},
	{30, 49, ".ee...e", ".ee...e"},
	{50, 50, "....yi.", "......."},
	{51, 53, ".......", "....y.."},
	{54, 59, ".....u.", ".....u."},
	{60, 60, ".......", "....e.."},
	{61, 79, ".......", "......."},
	{80, 82, ".....y.", ".....y."},
	{83, 89, ".......", "......."},
	{90, 100, ".....y.", ".....y."},
	{101, 191, ".....u.", ".....u."},
	{192, 192, "...iiy.", "...iiy."},
	{193, 193, "...iii.", "...iii."},
	{194, 255, ".......", "......."},
};

enum { LEGAL_LINES = sizeof(legal_matrix) / sizeof(legal_matrix[0]) };

#endif
