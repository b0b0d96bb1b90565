/*
 * registry.h: what the files of the registry share.
 */
#ifndef COP_OTP_REGISTRY_H
#define COP_OTP_REGISTRY_H

#include <coppice/registry.h>

enum { MOST_PARTITIONS = 1024 };

#endif
