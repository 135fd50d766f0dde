/* SPDX-License-Identifier: ISC */
#include "relay/book.h"

#include <limits.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/list.h"
#include "base/log.h"
#include "base/text.h"
#include "relay/file.h"

enum { FILE_MAX = 8 * 1024 * 1024, PORTS = 65536 };

struct person {
	struct list node;
	char owner[BOOK_OWNER_MAX];
	uint16_t port[BOOK_PORTS_MAX];
	size_t count;
};

/* One writing of the file, with all it needs, since the relay may be gone before it is done. */
struct saving {
	uv_work_t work;
	struct book *book;
	char *path, *text;
	struct fault fault;
};

struct book {
	uv_loop_t *loop;
	char *path;
	void *people;		  /* tsearch tree by owner */
	struct list in_order;	  /* the same: new ones last */
	struct person *of[PORTS]; /* by port */
	bool is_dirty, has_complained;
	struct saving *saving;
};

static int person_order(const void *a, const void *b)
{
	return strcmp(((const struct person *)a)->owner, ((const struct person *)b)->owner);
}

struct book *book_new(uv_loop_t *loop, const char *path)
{
	struct book *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->loop = loop;
	list_init(&b->in_order);
	b->path = path ? strdup(path) : NULL;
	if (path && !b->path) {
		free(b);
		return NULL;
	}
	return b;
}

static struct person *find(const struct book *b, const char *owner)
{
	struct person key, *const *node;

	if (!bytes_to_cstr(bytes_str(owner), key.owner, sizeof(key.owner)))
		return NULL;
	node = tfind(&key, &b->people, person_order);
	return node ? *node : NULL;
}

static struct person *need(struct book *b, const char *owner)
{
	struct person *p = find(b, owner);

	if (p)
		return p;
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	if (!bytes_to_cstr(bytes_str(owner), p->owner, sizeof(p->owner)) ||
		!tsearch(p, &b->people, person_order)) {
		free(p);
		return NULL;
	}
	list_append(&b->in_order, &p->node);
	return p;
}

uint16_t book_port(const struct book *b, const char *owner, size_t nth)
{
	const struct person *p = find(b, owner);

	return p && nth < p->count ? p->port[nth] : 0;
}

const char *book_owner(const struct book *b, uint16_t port)
{
	return b->of[port] ? b->of[port]->owner : NULL;
}

static bool enter(struct book *b, const char *owner, uint16_t port)
{
	struct person *p;

	if (port == 0 || b->of[port])
		return false;
	p = need(b, owner);
	if (!p || p->count == BOOK_PORTS_MAX)
		return false;
	p->port[p->count++] = port;
	b->of[port] = p;
	return true;
}

/* --- text ------------------------------------------------------------------------------------- */

char *book_text(const struct book *b)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	for (const struct list *n = b->in_order.next; n != &b->in_order; n = n->next) {
		const struct person *p = list_entry(n, struct person, node);

		for (size_t i = 0; i < p->count; i++)
			fprintf(out, "%u %s\n", p->port[i], p->owner);
	}
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* An owner is a word of visible ASCII. */
static bool is_owner(struct bytes s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.ptr[i] <= ' ' || s.ptr[i] > '~')
			return false;
	return s.len > 0;
}

static bool take_line(struct book *b, struct bytes line)
{
	const uint8_t *blank = memchr(line.ptr, ' ', line.len);
	size_t n = blank ? (size_t)(blank - line.ptr) : 0;
	struct bytes owner = bytes_of(line.ptr + n + 1, line.len - n - 1);
	char name[BOOK_OWNER_MAX];
	uint64_t port;

	return blank && text_to_u64(bytes_of(line.ptr, n), PORTS - 1, &port) && is_owner(owner) &&
	       bytes_to_cstr(owner, name, sizeof(name)) && enter(b, name, (uint16_t)port);
}

bool book_take(struct book *b, struct bytes text, unsigned *line)
{
	unsigned number = 0, bad = 0;

	while (text.len > 0) {
		const uint8_t *end = memchr(text.ptr, '\n', text.len);
		size_t n = end ? (size_t)(end - text.ptr) : text.len;

		number++;
		/* The last line has its end, or it is not whole. */
		if ((!end || !take_line(b, bytes_of(text.ptr, n))) && bad == 0)
			bad = number;
		text = end ? bytes_of(end + 1, text.len - n - 1) : bytes_of(NULL, 0);
	}
	*line = bad;
	return bad == 0;
}

void book_load(struct book *b)
{
	struct file_text text;
	struct fault f = {0};
	unsigned line;
	enum err e;

	if (!b->path)
		return;
	e = file_read(b->path, FILE_MAX, &text, &f);
	if (e == E_UNKNOWN)
		return;
	if (e != E_OK) {
		log_write(LOG_LEVEL_ERROR, "ports of -R 0 are chosen anew: %s", f.text);
		return;
	}
	if (!book_take(b, file_bytes(&text), &line))
		log_write(LOG_LEVEL_ERROR,
			"%s line %u: not a free port and a key; such lines are left out", b->path,
			line);
	file_text_fini(&text);
}

/* --- the file --------------------------------------------------------------------------------- */

static void write_file(uv_work_t *work)
{
	struct saving *s = work->data;
	char folder[PATH_MAX];
	const char *slash = strrchr(s->path, '/');
	enum err e = E_OK;

	if (slash && slash != s->path) {
		snprintf(folder, sizeof(folder), "%.*s", (int)(slash - s->path), s->path);
		e = file_make_folder(folder, &s->fault);
	}
	if (e == E_OK)
		e = file_replace(s->path, bytes_str(s->text), 0600, &s->fault);
	s->fault.err = e;
}

static void saving_free(struct saving *s)
{
	free(s->path);
	free(s->text);
	free(s);
}

static struct saving *saving_new(struct book *b)
{
	struct saving *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->book = b;
	s->work.data = s;
	s->path = strdup(b->path);
	s->text = book_text(b);
	if (s->path && s->text)
		return s;
	saving_free(s);
	return NULL;
}

static void complain(struct book *b, const struct fault *f)
{
	if (f->err != E_OK && !b->has_complained)
		log_write(
			LOG_LEVEL_ERROR, "ports of -R 0 will not outlive this relay: %s", f->text);
	b->has_complained = f->err != E_OK;
}

static void save(struct book *b);

static void on_saved(uv_work_t *work, int status)
{
	struct saving *s = work->data;
	struct book *b = s->book;

	complain(b, &s->fault);
	saving_free(s);
	b->saving = NULL;
	if (b->is_dirty)
		save(b);
}

/* One at a time; what comes meanwhile goes with the next. */
static void save(struct book *b)
{
	b->is_dirty = true;
	if (!b->path || b->saving)
		return;
	b->saving = saving_new(b);
	if (!b->saving)
		return;
	b->is_dirty = false;
	if (uv_queue_work(b->loop, &b->saving->work, write_file, on_saved) != 0) {
		saving_free(b->saving);
		b->saving = NULL;
		b->is_dirty = true;
	}
}

void book_note(struct book *b, const char *owner, uint16_t port)
{
	if (enter(b, owner, port))
		save(b);
}

void book_free(struct book *b)
{
	struct saving *s;

	if (!b)
		return;
	if (b->path && b->is_dirty && !b->saving && (s = saving_new(b)) != NULL) {
		write_file(&s->work);
		complain(b, &s->fault);
		saving_free(s);
	}
	/* A writing that is still under way when the loop was left belongs to its thread. */
	while (!list_is_empty(&b->in_order)) {
		struct person *p = list_entry(b->in_order.next, struct person, node);

		list_remove(&p->node);
		tdelete(p, &b->people, person_order);
		free(p);
	}
	free(b->path);
	free(b);
}
