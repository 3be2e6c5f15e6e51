// SPDX-License-Identifier: GPL-2.0
/*
 * Lets BPF programs of type fmod_ret attach to functions that pin and charge memory, so that these
 * can be refused. It does nothing else: without such a program the functions run as before.
 *
 * The functions come as BTF ids, from root: "OWNER ID ID..." is written to the parameter allow, or
 * given when the module is loaded, with commas and one after the other with semicolons. OWNER is
 * vmlinux or a module. That an id is a function with a prototype, the kernel checks.
 *
 * A permission cannot be taken back, and one for a function of the kernel itself stays until the
 * next boot. So the module stays too, and remembers what it has asked for.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/btf.h>
#include <linux/btf_ids.h>
#include <linux/kobject.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/string.h>
#include <uapi/linux/btf.h>

#define IDS_MAX 32
#define LIST_MAX 1024

/* Functions of one owner that may be modified. */
struct permit {
	struct list_head node;
	struct module *owner; /* NULL: the kernel itself; gone before it is */
	char name[MODULE_NAME_LEN];
	u32 n;
	u32 ids[IDS_MAX];
};

static DEFINE_MUTEX(permits_lock);
static LIST_HEAD(permits);
static bool ready;
static char early[LIST_MAX];

static struct permit *permit_find(const struct module *owner)
{
	struct permit *p;

	list_for_each_entry(p, &permits, node)
		if (p->owner == owner)
			return p;
	return NULL;
}

static bool permit_has(const struct permit *p, u32 id)
{
	u32 i;

	for (i = 0; i < p->n; i++)
		if (p->ids[i] == id)
			return true;
	return false;
}

static int compare_ids(const void *a, const void *b)
{
	u32 x = *(const u32 *)a, y = *(const u32 *)b;

	return x < y ? -1 : x > y;
}

static int parse_ids(char *text, struct permit *out)
{
	char *word;
	u32 i;

	while ((word = strsep(&text, " ,\n"))) {
		u32 id;
		int rc;

		if (!*word)
			continue;
		if (out->n == IDS_MAX)
			return -E2BIG;
		rc = kstrtou32(word, 10, &id);
		if (rc)
			return rc;
		/* 0 is void. */
		if (!id || id > BTF_MAX_TYPE)
			return -EINVAL;
		out->ids[out->n++] = id;
	}
	if (!out->n)
		return -EINVAL;
	/* The kernel looks them up in halves. */
	sort(out->ids, out->n, sizeof(out->ids[0]), compare_ids, NULL);
	for (i = 1; i < out->n; i++)
		if (out->ids[i] == out->ids[i - 1])
			return -EINVAL;
	return 0;
}

/* The kernel copies the set. */
static int register_ids(struct module *owner, const u32 *ids, u32 n)
{
	struct btf_kfunc_id_set kset = { .owner = owner };
	struct btf_id_set8 *set;
	u32 i;
	int rc;

	set = kzalloc(struct_size(set, pairs, n), GFP_KERNEL);
	if (!set)
		return -ENOMEM;
	set->cnt = n;
	for (i = 0; i < n; i++)
		set->pairs[i].id = ids[i];
	kset.set = set;
	rc = register_btf_fmodret_id_set(&kset);
	kfree(set);
	return rc;
}

/* What is on the kernel's list already is not asked for again. */
static int add_to_permit(struct permit *p, const struct permit *wanted)
{
	u32 fresh[IDS_MAX], n = 0, i;
	int rc;

	for (i = 0; i < wanted->n; i++)
		if (!permit_has(p, wanted->ids[i]))
			fresh[n++] = wanted->ids[i];
	if (!n)
		return 0;
	/* The list of a module is made once and not added to. */
	if (p->owner && p->n)
		return -EEXIST;
	if (p->n + n > IDS_MAX)
		return -E2BIG;
	rc = register_ids(p->owner, fresh, n);
	if (rc)
		return rc;
	memcpy(p->ids + p->n, fresh, n * sizeof(fresh[0]));
	p->n += n;
	return 0;
}

static int permit_owner(struct module *owner, const struct permit *wanted)
{
	struct permit *p, *fresh = NULL;
	int rc;

	mutex_lock(&permits_lock);
	p = permit_find(owner);
	if (!p) {
		fresh = kzalloc(sizeof(*fresh), GFP_KERNEL);
		if (!fresh) {
			rc = -ENOMEM;
			goto unlock;
		}
		fresh->owner = owner;
		strscpy(fresh->name, wanted->name, sizeof(fresh->name));
		p = fresh;
	}
	rc = add_to_permit(p, wanted);
	if (fresh && !rc)
		list_add_tail(&fresh->node, &permits);
	else
		kfree(fresh);
unlock:
	mutex_unlock(&permits_lock);
	return rc;
}

/*
 * A module by its name, held so that it can neither go nor be half there. Modules are kobjects of
 * one set, which ours is in too; one that is built in has no struct module.
 */
static struct module *module_hold(const char *name)
{
	struct kobject *kobj = kset_find_obj(THIS_MODULE->mkobj.kobj.kset, name);
	struct module *mod;

	if (!kobj)
		return NULL;
	mod = container_of(kobj, struct module_kobject, kobj)->mod;
	if (mod && (mod == THIS_MODULE || !try_module_get(mod)))
		mod = NULL;
	/* While it comes it can be held, but has not all of its type information. */
	if (mod && mod->state != MODULE_STATE_LIVE) {
		module_put(mod);
		mod = NULL;
	}
	kobject_put(kobj);
	return mod;
}

static int permit_one(char *text)
{
	struct permit wanted = {};
	struct module *owner = NULL;
	char *name;
	int rc;

	text = strim(text);
	name = strsep(&text, " ,");
	if (!*name || !text)
		return -EINVAL;
	if (strscpy(wanted.name, name, sizeof(wanted.name)) < 0)
		return -EINVAL;
	rc = parse_ids(text, &wanted);
	if (rc)
		return rc;
	if (strcmp(name, "vmlinux")) {
		owner = module_hold(name);
		if (!owner)
			return -ENOENT;
	}
	rc = permit_owner(owner, &wanted);
	if (owner)
		module_put(owner);
	return rc;
}

static int permit_all(char *text)
{
	char *one;
	int rc = 0;

	while (!rc && (one = strsep(&text, ";")))
		rc = permit_one(one);
	return rc;
}

/* The parameters of a module are read before it is there. */
static int allow_set(const char *value, const struct kernel_param *kp)
{
	char *text;
	int rc;

	if (strlen(value) >= LIST_MAX)
		return -E2BIG;
	if (!ready) {
		strscpy(early, value, sizeof(early));
		return 0;
	}
	text = kstrdup(value, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	rc = permit_all(text);
	kfree(text);
	return rc;
}

static int allow_get(char *buf, const struct kernel_param *kp)
{
	struct permit *p;
	int at = 0;
	u32 i;

	mutex_lock(&permits_lock);
	list_for_each_entry(p, &permits, node) {
		at += scnprintf(buf + at, PAGE_SIZE - at, "%s", p->name);
		for (i = 0; i < p->n; i++)
			at += scnprintf(buf + at, PAGE_SIZE - at, " %u", p->ids[i]);
		at += scnprintf(buf + at, PAGE_SIZE - at, "\n");
	}
	mutex_unlock(&permits_lock);
	return at;
}

static const struct kernel_param_ops allow_ops = { .set = allow_set, .get = allow_get };
module_param_cb(allow, &allow_ops, NULL, 0600);
MODULE_PARM_DESC(allow, "functions that BPF may refuse: OWNER ID ID...");

/* With a module its type information goes, and the permission with it. */
static int on_module(struct notifier_block *nb, unsigned long state, void *data)
{
	struct permit *p;

	if (state != MODULE_STATE_GOING)
		return NOTIFY_DONE;
	mutex_lock(&permits_lock);
	p = permit_find(data);
	if (p) {
		list_del(&p->node);
		kfree(p);
	}
	mutex_unlock(&permits_lock);
	return NOTIFY_OK;
}

static struct notifier_block modules = { .notifier_call = on_module };

/*
 * Without an exit the kernel does not let the module go, once it is there. What was permitted
 * before an error must be remembered.
 */
static int __init ioas_gate_init(void)
{
	int rc = register_module_notifier(&modules);

	if (rc)
		return rc;
	ready = true;
	if (*early)
		rc = permit_all(early);
	if (!rc)
		return 0;
	if (!list_empty(&permits)) {
		pr_err("not all of '%s' is permitted: %d\n", early, rc);
		return 0;
	}
	unregister_module_notifier(&modules);
	return rc;
}
module_init(ioas_gate_init);

MODULE_DESCRIPTION("Makes functions that pin memory refusable by BPF");
MODULE_LICENSE("GPL");
