/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The device that the tests of predictions attach. */
#ifndef TESTS_PREDICT_UNIT_H
#define TESTS_PREDICT_UNIT_H

#include "core/predict.h"
#include "unit_state.h"

#define MSI_FIRST 0xfee00000ULL
#define MSI_LAST 0xfeefffffULL

static const struct predict_region msi = { MSI_FIRST, MSI_LAST, PREDICT_MSI };

/* A device of group 9 with the interrupt window of x86, behind an IOMMU of 39 bits. */
static inline struct predict_device device(void)
{
	return (struct predict_device){
		.name = "0000:02:00.0",
		.group = 9,
		.regions_known = true,
		.regions = &msi,
		.nregions = 1,
		.aperture_known = true,
		.aperture_last = (1ULL << 39) - 1,
	};
}

#endif
