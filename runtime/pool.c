/* A fork-join pool: workers spin for a while after a loop, then sleep.
 *
 * One loop at a time: the caller publishes it under a new generation number, takes part, and waits until the workers that
 * joined have left. Ranges are handed out by an atomic counter. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "runtime/context_internal.h"

#if defined(__x86_64__) || defined(__i386__)
#define RG_PAUSE() __builtin_ia32_pause()
#else
#define RG_PAUSE() ((void)0)
#endif

enum { SPINS = 20000 };

struct rg_pool {
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  atomic_uint generation; /* of the published loop */
  atomic_int running;     /* workers that have yet to finish the published loop */
  atomic_int sleeping;
  atomic_bool stop;
  /* the published loop, constant while `running` is not 0 */
  rg_body body;
  void* env;
  int64_t count, grain;
  atomic_llong next; /* first index that nobody has taken */
  int workers;
  struct worker {
    struct rg_pool* pool;
    int index;
    pthread_t thread;
  } worker[];
};

static _Thread_local int inside_body;

static void take_ranges(struct rg_pool* p, int thread) {
  inside_body = 1;
  for (;;) {
    const int64_t begin = atomic_fetch_add_explicit(&p->next, p->grain, memory_order_relaxed);
    if (begin >= p->count) break;
    const int64_t end = p->count - begin < p->grain ? p->count : begin + p->grain;
    p->body(begin, end, thread, p->env);
  }
  inside_body = 0;
}

/* Waits for a generation other than `seen`; false when the pool stops. */
static int await(struct rg_pool* p, unsigned seen) {
  for (int i = 0; i < SPINS; ++i) {
    if (atomic_load_explicit(&p->generation, memory_order_acquire) != seen) return 1;
    if (atomic_load_explicit(&p->stop, memory_order_relaxed)) return 0;
    RG_PAUSE();
  }
  pthread_mutex_lock(&p->mutex);
  atomic_fetch_add(&p->sleeping, 1);
  while (atomic_load(&p->generation) == seen && !atomic_load(&p->stop)) pthread_cond_wait(&p->wake, &p->mutex);
  atomic_fetch_sub(&p->sleeping, 1);
  pthread_mutex_unlock(&p->mutex);
  return !atomic_load(&p->stop);
}

static void* run_worker(void* argument) {
  struct worker* w = argument;
  struct rg_pool* p = w->pool;
  for (unsigned seen = 0; await(p, seen);) {
    seen = atomic_load_explicit(&p->generation, memory_order_acquire);
    take_ranges(p, w->index);
    atomic_fetch_sub_explicit(&p->running, 1, memory_order_release);
  }
  return NULL;
}

static struct rg_pool* start(int threads) {
  struct rg_pool* p = calloc(1, sizeof *p + (size_t)(threads - 1) * sizeof(struct worker));
  if (p == NULL) return NULL;
  pthread_mutex_init(&p->mutex, NULL);
  pthread_cond_init(&p->wake, NULL);
  for (int i = 0; i < threads - 1; ++i) {
    p->worker[i].pool = p;
    p->worker[i].index = i + 1;
    if (pthread_create(&p->worker[i].thread, NULL, run_worker, &p->worker[i]) != 0) break;
    ++p->workers;
  }
  return p;
}

void rg_pool_stop(rg_context* c) {
  struct rg_pool* p = c->pool;
  if (p == NULL) return;
  pthread_mutex_lock(&p->mutex);
  atomic_store(&p->stop, 1);
  pthread_cond_broadcast(&p->wake);
  pthread_mutex_unlock(&p->mutex);
  for (int i = 0; i < p->workers; ++i) pthread_join(p->worker[i].thread, NULL);
  pthread_cond_destroy(&p->wake);
  pthread_mutex_destroy(&p->mutex);
  free(p);
  c->pool = NULL;
}

int rg_parallel_for(rg_context* c, int64_t count, int64_t grain, rg_body body, void* env) {
  if (count <= 0) return RG_OK;
  if (grain < 1) grain = 1;
  if (c == NULL || c->threads <= 1 || inside_body || count <= grain) {
    body(0, count, 0, env);
    return RG_OK;
  }
  if (c->pool == NULL) c->pool = start(c->threads);
  struct rg_pool* p = c->pool;
  if (p == NULL || p->workers == 0) {
    body(0, count, 0, env);
    return RG_OK;
  }
  p->body = body;
  p->env = env;
  p->count = count;
  p->grain = grain;
  atomic_store_explicit(&p->next, 0, memory_order_relaxed);
  atomic_store_explicit(&p->running, p->workers, memory_order_relaxed);
  atomic_fetch_add_explicit(&p->generation, 1, memory_order_seq_cst);
  if (atomic_load(&p->sleeping) > 0) {
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
  }
  take_ranges(p, 0);
  while (atomic_load_explicit(&p->running, memory_order_acquire) > 0) RG_PAUSE();
  return RG_OK;
}
