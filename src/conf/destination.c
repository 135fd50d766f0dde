/* SPDX-License-Identifier: ISC */
#include "conf/destination.h"

#include <string.h>

#include "forward/spec.h"

static const char scheme[] = "ssh://";

static bool is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

bool destination_is_host(const char *name)
{
	if (name[0] == '-')
		return false;
	for (; *name != '\0'; name++)
		if (is_control(*name) || is_blank(*name) ||
			strchr("'`\"$\\;&<>|(){},", *name) != NULL)
			return false;
	return true;
}

bool destination_is_user(const char *name)
{
	if (name[0] == '-')
		return false;
	for (; *name != '\0'; name++)
		if (is_control(*name) || strchr("'`\";&<>|(){}", *name) != NULL ||
			(is_blank(*name) && name[1] == '-') || (*name == '\\' && name[1] == '\0'))
			return false;
	return true;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "%40" is '@', in place. */
static bool decode(char *text)
{
	char *to = text;

	for (; *text != '\0'; text++) {
		if (*text == '%') {
			int high = hex_digit(text[1]), low = high < 0 ? -1 : hex_digit(text[2]);

			if (low < 0 || (high == 0 && low == 0))
				return false;
			*to++ = (char)(high << 4 | low);
			text += 2;
		} else {
			*to++ = *text;
		}
	}
	*to = '\0';
	return true;
}

/* Host and port; what stands behind them is cut off, and returned unless it is nothing. */
static bool take_host(char *text, const char *ends, struct destination *out, char **rest)
{
	char *end = text + strcspn(text, ends);

	*rest = NULL;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (end == NULL)
			return false;
		text++;
		*end++ = '\0';
	}
	out->host = text;
	if (*end == '/')
		*rest = end + 1;
	if (*end == ':') {
		char *port = end + 1, *slash = strchr(port, '/');

		if (slash != NULL) {
			*slash = '\0';
			*rest = slash + 1;
		}
		if (*port != '\0' && (!forward_port_parse(port, &out->port) || out->port == 0))
			return false;
	} else if (*end != '\0' && *end != '/') {
		return false;
	}
	*end = '\0';
	return text[0] != '\0';
}

bool destination_is_uri(const char *text)
{
	return strncmp(text, scheme, sizeof(scheme) - 1) == 0;
}

bool destination_parse_uri(char *text, struct destination *out)
{
	char *at, *parameters, *rest;

	*out = (struct destination){0};
	text += sizeof(scheme) - 1;
	at = strrchr(text, '@');
	if (at != NULL) {
		*at = '\0';
		parameters = strchr(text, ';');
		if (parameters != NULL)
			*parameters = '\0';
		if (text[0] == '\0' || !decode(text))
			return false;
		out->user = text;
		text = at + 1;
	}
	return take_host(text, ":/", out, &rest) && (rest == NULL || rest[0] == '\0');
}

bool destination_parse(char *text, struct destination *out)
{
	char *at, *rest;

	if (destination_is_uri(text))
		return destination_parse_uri(text, out);
	*out = (struct destination){0};
	at = strrchr(text, '@');
	if (at != NULL) {
		*at = '\0';
		if (text[0] == '\0')
			return false;
		out->user = text;
		text = at + 1;
	}
	return take_host(text, ":", out, &rest) && rest == NULL;
}
