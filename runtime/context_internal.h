/* What the runtime's own files share. */
#ifndef RUNEGRAD_CONTEXT_INTERNAL_H
#define RUNEGRAD_CONTEXT_INTERNAL_H

#include <stdatomic.h>

#include "runtime/runegrad.h"

struct rg_pool;

struct rg_context {
  int threads;
  int error_code;
  atomic_int body_failed; /* whether a body of the running parallel loop has failed */
  char error_message[512];
  int64_t error_place; /* -1: none of the program */
  void* (*allocate)(size_t, void*);
  void (*release)(void*, size_t, void*);
  void* user;
  void* workspace;
  size_t workspace_bytes;
  struct rg_pool* pool; /* null until the first parallel loop */
};

/* Whether the calling thread is in a body of a parallel loop of the context. */
int rg_inside_body(const rg_context* context);
/* Stops and frees the pool of a context, if it has one. */
void rg_pool_stop(rg_context* context);

#endif
