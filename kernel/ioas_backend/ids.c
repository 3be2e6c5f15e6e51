// SPDX-License-Identifier: GPL-2.0
/* Objects by id. The table holds a reference to each; whoever looks one up gets another. */
#include "ioasb.h"

#define MAX_ID 65535

/*
 * The table gets a reference, and the caller one to put: another thread may guess the id and
 * destroy the object at once. On failure there are none.
 */
int ioasb_object_add(struct ioasb_ctx *ctx, struct ioasb_object *obj, enum ioasb_type type)
{
	int rc;

	kref_init(&obj->kref);
	kref_get(&obj->kref);
	obj->type = type;
	obj->ctx = ctx;
	rc = xa_alloc(&ctx->objects, &obj->id, obj, XA_LIMIT(1, MAX_ID), GFP_KERNEL_ACCOUNT);
	return rc == -EBUSY ? -ENOSPC : rc;
}

static struct ioasb_object *object_get(struct ioasb_ctx *ctx, u32 id)
{
	struct ioasb_object *obj;

	xa_lock(&ctx->objects);
	obj = xa_load(&ctx->objects, id);
	if (obj)
		kref_get(&obj->kref);
	xa_unlock(&ctx->objects);
	return obj;
}

static struct ioasb_object *object_get_type(struct ioasb_ctx *ctx, u32 id, enum ioasb_type type)
{
	struct ioasb_object *obj = object_get(ctx, id);

	if (obj && obj->type != type) {
		ioasb_object_put(obj);
		return NULL;
	}
	return obj;
}

struct ioasb_ioas *ioasb_ioas_get(struct ioasb_ctx *ctx, u32 id)
{
	struct ioasb_object *obj = object_get_type(ctx, id, IOASB_OBJ_IOAS);

	return obj ? container_of(obj, struct ioasb_ioas, obj) : NULL;
}

struct ioasb_device *ioasb_device_get(struct ioasb_ctx *ctx, u32 id)
{
	struct ioasb_object *obj = object_get_type(ctx, id, IOASB_OBJ_DEVICE);

	return obj ? container_of(obj, struct ioasb_device, obj) : NULL;
}

/* The first of an id from *id on, which becomes its own; NULL: no more. */
struct ioasb_device *ioasb_device_next(struct ioasb_ctx *ctx, unsigned long *id)
{
	struct ioasb_object *obj;

	xa_lock(&ctx->objects);
	obj = xa_find(&ctx->objects, id, ULONG_MAX, XA_PRESENT);
	while (obj && obj->type != IOASB_OBJ_DEVICE)
		obj = xa_find_after(&ctx->objects, id, ULONG_MAX, XA_PRESENT);
	if (obj)
		kref_get(&obj->kref);
	xa_unlock(&ctx->objects);
	return obj ? container_of(obj, struct ioasb_device, obj) : NULL;
}

static void object_free(struct kref *kref)
{
	struct ioasb_object *obj = container_of(kref, struct ioasb_object, kref);

	if (obj->type == IOASB_OBJ_IOAS)
		ioasb_ioas_free(container_of(obj, struct ioasb_ioas, obj));
	else if (obj->type == IOASB_OBJ_DEVICE)
		kfree(container_of(obj, struct ioasb_device, obj));
	else
		ioasb_client_free(container_of(obj, struct ioasb_client, obj));
}

void ioasb_object_put(struct ioasb_object *obj)
{
	kref_put(&obj->kref, object_free);
}

static int object_end(struct ioasb_object *obj, bool force)
{
	if (obj->type == IOASB_OBJ_IOAS)
		return ioasb_ioas_end(container_of(obj, struct ioasb_ioas, obj), force);
	if (obj->type == IOASB_OBJ_CLIENT)
		return -EBUSY; /* its file is open */
	return ioasb_device_end(container_of(obj, struct ioasb_device, obj), force);
}

int ioasb_destroy(struct ioasb_ctx *ctx, struct ioasb_destroy *cmd)
{
	struct ioasb_object *obj = object_get(ctx, cmd->id);
	int rc;

	if (!obj)
		return -ENOENT;
	rc = object_end(obj, false);
	if (!rc) {
		/* Ended once only, so the entry is still this one. */
		xa_erase(&ctx->objects, cmd->id);
		ioasb_object_put(obj);
	}
	ioasb_object_put(obj);
	return rc;
}

static void destroy_type(struct ioasb_ctx *ctx, enum ioasb_type type)
{
	struct ioasb_object *obj;
	unsigned long id;

	xa_for_each(&ctx->objects, id, obj) {
		if (obj->type != type)
			continue;
		WARN_ON(object_end(obj, true));
		xa_erase(&ctx->objects, id);
		ioasb_object_put(obj);
		cond_resched();
	}
}

/* The file is closed: nobody else is in here. Devices first, they keep IOASes. */
void ioasb_destroy_all(struct ioasb_ctx *ctx)
{
	destroy_type(ctx, IOASB_OBJ_DEVICE);
	destroy_type(ctx, IOASB_OBJ_IOAS);
}
