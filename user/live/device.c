// SPDX-License-Identifier: GPL-2.0-or-later
#include "live/device.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_LEN 512

static int __attribute__((format(printf, 3, 4)))
fail(char why[DEVICE_WHY], int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(why, DEVICE_WHY, fmt, ap);
	va_end(ap);
	return err;
}

/* Where a link leads, its last part only. False: there is no such link. */
static bool link_name(const char *path, char *buf, size_t len)
{
	char target[PATH_LEN];
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	const char *last;

	if (n <= 0)
		return false;
	target[n] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= len)
		return false;
	strcpy(buf, last);
	return true;
}

/* ---- capabilities ---- */

/*
 * paging_domain_alloc() and __iommu_calculate_agaw() of the intel driver: the widest
 * level that the second stage has (SAGAW), at most what the unit takes (MGAW). In
 * scalable mode the first stage may serve, whose addresses are one bit shorter, or may
 * bound the levels (__iommu_calculate_sagaw); whether it is on is no register's matter.
 */
bool device_vtd_last(__u64 cap, __u64 ecap, __u64 *last)
{
	const __u64 scalable = 1ULL << 43, first_stage = 1ULL << 47;
	unsigned int sagaw = (cap >> 8) & 0x1f, mgaw = ((cap >> 16) & 0x3f) + 1, width;

	/* 57 bits, DEFAULT_DOMAIN_ADDRESS_WIDTH, are level 3. */
	sagaw &= 0xf;
	if (!sagaw || ((ecap & scalable) && (ecap & first_stage)))
		return false;
	width = 30 + 9 * (31 - (unsigned int)__builtin_clz(sagaw));
	if (width > mgaw)
		width = mgaw;
	*last = width >= 64 ? UINT64_MAX : (1ULL << width) - 1;
	return true;
}

static bool read_hex(const char *path, __u64 *out)
{
	unsigned long long v;
	FILE *f = fopen(path, "re");
	bool got = f && fscanf(f, "%llx", &v) == 1;

	if (f)
		fclose(f);
	if (got)
		*out = v;
	return got;
}

/* Drivers other than Intel's do not tell it in sysfs. */
static void find_aperture(const char *path, struct device *d)
{
	char name[PATH_LEN + 32];
	__u64 cap, ecap;

	snprintf(name, sizeof(name), "%s/iommu/intel-iommu/cap", path);
	if (!read_hex(name, &cap))
		return;
	snprintf(name, sizeof(name), "%s/iommu/intel-iommu/ecap", path);
	if (!read_hex(name, &ecap) || !device_vtd_last(cap, ecap, &d->desc.aperture_last))
		return;
	d->desc.aperture_known = true;
	d->desc.aperture_width = true;
}

/* ---- regions ---- */

int device_parse_regions(FILE *in, struct predict_region **out, size_t *n)
{
	struct predict_region *list = NULL, *more;
	unsigned long long first, last;
	char type[32];
	size_t got = 0;
	int words, t = 0;

	while ((words = fscanf(in, "%llx %llx %31s", &first, &last, type)) == 3) {
		t = predict_type_from_name(type);
		if (t < 0 || first > last)
			break;
		more = realloc(list, (got + 1) * sizeof(*list));
		if (!more) {
			free(list);
			return -ENOMEM;
		}
		list = more;
		list[got++] = (struct predict_region){ first, last, t };
	}
	if (words != EOF) {
		free(list);
		return -EPROTO;
	}
	*out = list;
	*n = got;
	return 0;
}

static int find_regions(const char *sysfs, struct device *d, char why[DEVICE_WHY])
{
	char path[PATH_LEN];
	FILE *f;
	int err;

	snprintf(path, sizeof(path), "%s/kernel/iommu_groups/%lld/reserved_regions", sysfs,
		 (long long)d->desc.group);
	f = fopen(path, "re");
	if (!f)
		return fail(why, -errno, "%s: %s", path, strerror(errno));
	err = device_parse_regions(f, &d->regions, &d->desc.nregions);
	fclose(f);
	if (err)
		return fail(why, err, "%s: %s", path,
			    err == -EPROTO ? "not a list of regions" : strerror(-err));
	d->desc.regions = d->regions;
	d->desc.regions_known = true;
	return 0;
}

/* Whether a folder has more than one entry; false if it cannot be read. */
static bool several(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *e;
	int n = 0;

	while (dir && (e = readdir(dir)))
		n += e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return n > 1;
}

/* ---- one device ---- */

/* Whether the kernel has any IOMMU group at all. */
static bool any_group(const char *sysfs)
{
	char path[PATH_LEN];
	bool any = false;
	struct dirent *e;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/kernel/iommu_groups", sysfs);
	dir = opendir(path);
	while (dir && (e = readdir(dir)))
		any |= e->d_name[0] != '.';
	if (dir)
		closedir(dir);
	return any;
}

static int no_group(const char *sysfs, const char *name, char why[DEVICE_WHY])
{
	if (any_group(sysfs))
		return fail(why, -ENODEV, "%s has no IOMMU group: it is behind no IOMMU", name);
	return fail(why, -ENODEV,
		    "%s has no IOMMU group, and no other device has: there is no IOMMU, or it is "
		    "off (intel_iommu=on, amd_iommu=on, or the firmware's setup)",
		    name);
}

/* What the folder of a device, @path, tells. */
static int describe(const char *sysfs, const char *path, const char *name, struct device *out,
		    char why[DEVICE_WHY])
{
	struct device d = {};
	char file[PATH_LEN + 64], text[64];
	int err;

	snprintf(d.desc.name, sizeof(d.desc.name), "%s", name);
	snprintf(file, sizeof(file), "%s/iommu_group", path);
	if (!link_name(file, text, sizeof(text)))
		return no_group(sysfs, name, why);
	d.desc.group = strtoll(text, NULL, 10);
	snprintf(file, sizeof(file), "%s/subsystem", path);
	d.desc.emulated = link_name(file, text, sizeof(text)) && !strcmp(text, "mdev");
	snprintf(file, sizeof(file), "%s/iommu", path);
	link_name(file, d.iommu, sizeof(d.iommu));
	snprintf(file, sizeof(file), "%s/iommu_group/devices", path);
	d.desc.shared = several(file);
	err = find_regions(sysfs, &d, why);
	if (err)
		return err;
	find_aperture(path, &d);
	*out = d;
	return 0;
}

/* "2:0.0" and "02:00.0" are 0000:02:00.0. */
static bool pci_address(const char *name, char out[32])
{
	unsigned int domain = 0, bus, slot, function;
	int end = 0;

	if (sscanf(name, "%x:%x:%x.%x%n", &domain, &bus, &slot, &function, &end) != 4) {
		domain = 0;
		end = 0;
		if (sscanf(name, "%x:%x.%x%n", &bus, &slot, &function, &end) != 3)
			return false;
	}
	if (name[end] || bus > 0xff || slot > 0x1f || function > 7)
		return false;
	snprintf(out, 32, "%04x:%02x:%02x.%x", domain, bus, slot, function);
	return true;
}

/* The folder of the device: its real path, so that the last part is its name. */
static bool find_path(const char *sysfs, const char *name, char out[PATH_MAX])
{
	const char *vfio = strrchr(name, '/');
	char path[PATH_LEN], pci[32];

	vfio = vfio ? vfio + 1 : name;
	if (pci_address(name, pci))
		snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", sysfs, pci);
	else if (!strncmp(vfio, "vfio", 4) && (vfio == name || !strncmp(name, "/dev/", 5)))
		snprintf(path, sizeof(path), "%s/class/vfio-dev/%s/device", sysfs, vfio);
	else if (name[0] == '/')
		snprintf(path, sizeof(path), "%s", name);
	else
		snprintf(path, sizeof(path), "%s/bus/mdev/devices/%s", sysfs, name);
	return realpath(path, out);
}

int device_find(const char *sysfs, const char *name, struct device *out, char why[DEVICE_WHY])
{
	char path[PATH_MAX];

	sysfs = sysfs ?: "/sys";
	if (!*name || !find_path(sysfs, name, path))
		return fail(why, -ENODEV, "there is no device '%s'", name);
	if (strlen(path) >= PATH_LEN)
		return fail(why, -ENAMETOOLONG, "%s: the path is too long", name);
	return describe(sysfs, path, strrchr(path, '/') + 1, out, why);
}

void device_clear(struct device *d)
{
	if (!d)
		return;
	free(d->regions);
	*d = (struct device){};
}

char *device_iommu(const char *sysfs, const char *name, char *buf, size_t len)
{
	char path[PATH_LEN], pci[32];

	buf[0] = '\0';
	if (!pci_address(name, pci))
		return buf;
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/iommu", sysfs ?: "/sys", pci);
	link_name(path, buf, len);
	return buf;
}

/* ---- all devices ---- */

struct list {
	struct device *device;
	size_t n;
};

void device_clear_all(struct device *d, size_t n)
{
	for (size_t i = 0; i < n; i++)
		device_clear(&d[i]);
	free(d);
}

static bool is_bridge(const char *path)
{
	char file[PATH_MAX + 32];
	__u64 class = 0;

	snprintf(file, sizeof(file), "%s/class", path);
	return read_hex(file, &class) && class >> 16 == 6;
}

static int add(const char *sysfs, const char *path, struct list *l, char why[DEVICE_WHY])
{
	char real[PATH_MAX];
	struct device *more, d;
	int err;

	if (!realpath(path, real) || strlen(real) >= PATH_LEN || is_bridge(real))
		return 0;
	err = describe(sysfs, real, strrchr(real, '/') + 1, &d, why);
	if (err)
		return err == -ENOENT || err == -ENODEV ? 0 : err; /* it has gone meanwhile */
	more = realloc(l->device, (l->n + 1) * sizeof(*more));
	if (!more) {
		device_clear(&d);
		return fail(why, -ENOMEM, "listing devices: %s", strerror(ENOMEM));
	}
	l->device = more;
	l->device[l->n++] = d;
	return 0;
}

static int add_group(const char *sysfs, const char *group, struct list *l, char why[DEVICE_WHY])
{
	char folder[PATH_LEN], path[PATH_LEN + 256];
	struct dirent *e;
	int err = 0;
	DIR *dir;

	if (snprintf(folder, sizeof(folder), "%s/kernel/iommu_groups/%s/devices", sysfs, group) >=
	    (int)sizeof(folder))
		return 0;
	dir = opendir(folder);
	while (dir && !err && (e = readdir(dir))) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
		err = add(sysfs, path, l, why);
	}
	if (dir)
		closedir(dir);
	return err;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct device *)a)->desc.name, ((const struct device *)b)->desc.name);
}

int device_all(const char *sysfs, struct device **out, size_t *n, char why[DEVICE_WHY])
{
	struct list l = {};
	char path[PATH_LEN];
	struct dirent *e;
	int err = 0;
	DIR *dir;

	sysfs = sysfs ?: "/sys";
	snprintf(path, sizeof(path), "%s/kernel/iommu_groups", sysfs);
	dir = opendir(path);
	while (dir && !err && (e = readdir(dir))) {
		if (e->d_name[0] != '.')
			err = add_group(sysfs, e->d_name, &l, why);
	}
	if (dir)
		closedir(dir);
	if (!err && !l.n)
		err = fail(why, -ENODEV,
			   "no device has an IOMMU group: there is no IOMMU, or it is off");
	if (err) {
		device_clear_all(l.device, l.n);
		return err;
	}
	qsort(l.device, l.n, sizeof(*l.device), by_name);
	*out = l.device;
	*n = l.n;
	return 0;
}
