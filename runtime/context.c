/* Contexts: errors and workspaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "runtime/context_internal.h"

static void* default_allocate(size_t bytes, void* user) {
  (void)user;
  return aligned_alloc(64, (bytes + 63) / 64 * 64);
}

static void default_release(void* memory, size_t bytes, void* user) {
  (void)bytes;
  (void)user;
  free(memory);
}

rg_context* rg_context_create(int threads) {
  rg_context* c = calloc(1, sizeof *c);
  if (c == NULL) return NULL;
  c->threads = threads < 1 ? 1 : threads;
  c->error_place = -1;
  rg_context_set_allocator(c, NULL, NULL, NULL);
  return c;
}

static void drop_workspace(rg_context* c) {
  if (c->workspace != NULL) c->release(c->workspace, c->workspace_bytes, c->user);
  c->workspace = NULL;
  c->workspace_bytes = 0;
}

void rg_context_destroy(rg_context* c) {
  if (c == NULL) return;
  rg_pool_stop(c);
  drop_workspace(c);
  free(c);
}

int rg_context_threads(const rg_context* c) { return c == NULL ? 1 : c->threads; }

void rg_context_set_allocator(rg_context* c, void* (*allocate)(size_t, void*), void (*release)(void*, size_t, void*), void* user) {
  if (c->allocate != NULL) drop_workspace(c);
  c->allocate = allocate != NULL ? allocate : default_allocate;
  c->release = allocate != NULL ? release : default_release;
  c->user = user;
}

int rg_error_code(const rg_context* c) { return c == NULL ? RG_OK : c->error_code; }
const char* rg_error_message(const rg_context* c) { return c == NULL ? "" : c->error_message; }

void rg_error_clear(rg_context* c) {
  if (c == NULL) return;
  c->error_code = RG_OK;
  c->error_message[0] = '\0';
  c->error_place = -1;
}

int64_t rg_error_place(const rg_context* c) { return c == NULL ? -1 : c->error_place; }

int rg_fail(rg_context* c, int code, const char* message) { return rg_fail_check(c, code, message, NULL, NULL, 0, -1); }

int rg_fail_check(rg_context* c, int code, const char* message, const char* const* words, const int64_t* numbers,
                  int count, int64_t place) {
  if (c == NULL) return code;
  if (rg_inside_body(c) && atomic_exchange_explicit(&c->body_failed, 1, memory_order_relaxed)) return code;
  c->error_code = code;
  c->error_place = place;
  const size_t room = sizeof c->error_message;
  snprintf(c->error_message, room, "%s", message);
  for (int i = 0; i < count; ++i) {
    const size_t used = strlen(c->error_message);
    snprintf(c->error_message + used, room - used, "%s%lld", words[i], (long long)numbers[i]);
  }
  return code;
}

void* rg_workspace(rg_context* c, size_t bytes) {
  if (c == NULL) return default_allocate(bytes == 0 ? 1 : bytes, NULL);
  if (bytes > c->workspace_bytes || c->workspace == NULL) {
    drop_workspace(c);
    c->workspace = c->allocate(bytes == 0 ? 1 : bytes, c->user);
    c->workspace_bytes = c->workspace == NULL ? 0 : bytes;
  }
  return c->workspace;
}

void rg_workspace_release(rg_context* c, void* workspace) {
  if (c == NULL) free(workspace);
}
