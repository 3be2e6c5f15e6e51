/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the backend should do, by one entry for each page and nothing cleverer. Positions and
 * lengths are in pages, addresses of an IOAS count from its base. Each operation changes the model
 * and returns what the kernel is to return; one that fails changes nothing, unless it says so.
 */
#ifndef BACKEND_MODEL_H
#define BACKEND_MODEL_H

#include "be.h"

#define M_IOAS 3
#define M_DEVICES 3
#define M_PAGES 96 /* of an IOAS */
#define M_BUFFER 128 /* of memory */
#define M_OBJECTS 400

struct m_cell {
	unsigned int area; /* 0: nothing is there */
	unsigned int object;
	unsigned int page; /* of the object */
	uint32_t prot;
};

struct m_ioas {
	uint32_t mode;
	struct m_cell cell[M_PAGES];
	unsigned int allowed[M_PAGES]; /* the number of the range, 0: none */
	unsigned int claim[M_PAGES]; /* the reservation */
};

struct m_device {
	int ioas; /* -1: not attached */
	unsigned int align;
	unsigned int first, n; /* its reserved pages */
};

struct m_object {
	unsigned int base; /* in the memory */
	unsigned int n;
	bool writeable;
};

struct model {
	struct m_ioas ioas[M_IOAS];
	struct m_device device[M_DEVICES];
	struct m_object object[M_OBJECTS];
	bool bad[M_BUFFER]; /* memory that cannot be pinned */
	unsigned int areas; /* ever made */
	unsigned int objects;
};

struct m_place {
	bool fixed;
	bool chosen; /* by the kernel: at is where */
	unsigned int claim;
	unsigned int at, n;
	uint32_t prot;
};

unsigned int m_align(const struct model *m, int ioas);
bool m_attached(const struct model *m, int ioas);
bool m_any_allowed(const struct m_ioas *i);
/* With fixed, whether it may go there; without, 0 if there is any room. */
int m_may_place(const struct model *m, int ioas, const struct m_place *p);
/* Without fixed, p->at is where the kernel has put it, if that is what it did. */
int m_map(struct model *m, int ioas, struct m_place *p, unsigned int memory);
int m_copy(struct model *m, int dst, struct m_place *p, int src, unsigned int from);
int m_unmap(struct model *m, int ioas, unsigned int first, unsigned int n, unsigned int *unmapped);
void m_unmap_all(struct model *m, int ioas, unsigned int *unmapped);
int m_attach(struct model *m, int device, int ioas, bool replace);
int m_detach(struct model *m, int device);
int m_allow(struct model *m, int ioas, const unsigned int allowed[M_PAGES]);
int m_reserve(struct model *m, int ioas, struct m_place *p, unsigned int id);
int m_release(struct model *m, int ioas, unsigned int id);
int m_access(const struct model *m, int ioas, unsigned int at, bool write, unsigned int *memory);
/* Which pages of which objects a device needs. */
void m_pins(const struct model *m, bool pinned[M_OBJECTS][M_PAGES]);

#endif
