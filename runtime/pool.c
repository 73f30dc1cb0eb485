/* A fork-join pool: workers spin for a while after a loop, then sleep.
 *
 * One loop at a time: the caller publishes it as a new generation that is open, workers join while it is open, ranges
 * are handed out by an atomic counter, and the caller, when none is left, closes the loop and waits for those that
 * joined: a worker that is late or asleep is not waited for. */
#define _POSIX_C_SOURCE 200809L /* NOLINT: the name is POSIX's */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "runtime/context_internal.h"

#if defined(__x86_64__) || defined(__i386__)
#define RG_PAUSE() __builtin_ia32_pause()
#elif defined(__aarch64__)
#define RG_PAUSE() __asm__ __volatile__("yield")
#else
#define RG_PAUSE() ((void)0)
#endif

enum { SPIN_NANOSECONDS = 75000, PAUSES_A_LOOK = 16 };

/* The state: the generation above, then whether workers may join, then how many are in the loop. */
#define OPEN ((uint64_t)1 << 31)
#define COUNT (OPEN - 1)
#define GENERATION(state) ((uint32_t)((state) >> 32))

struct rg_pool {
  pthread_mutex_t mutex;
  pthread_cond_t wake;
  _Atomic uint64_t state;
  atomic_int sleeping;
  atomic_bool stop;
  /* the published loop, constant while it is open or anyone is in it */
  rg_context* context;
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

/* The loop whose body this thread runs, if any, and as which of its context's threads. */
static _Thread_local struct {
  const rg_context* context;
  int thread;
} inside;

int rg_inside_body(const rg_context* c) { return c != NULL && inside.context == c; }

static void take_ranges(struct rg_pool* p, int thread) {
  inside.context = p->context;
  inside.thread = thread;
  for (;;) {
    const int64_t begin = atomic_fetch_add_explicit(&p->next, p->grain, memory_order_relaxed);
    if (begin >= p->count) break;
    const int64_t end = p->count - begin < p->grain ? p->count : begin + p->grain;
    p->body(begin, end, thread, p->env);
  }
  inside.context = NULL;
}

static int64_t nanoseconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Waits for a generation other than `seen`; false when the pool stops. */
static int await(struct rg_pool* p, uint32_t seen) {
  const int64_t until = nanoseconds() + SPIN_NANOSECONDS;
  do {
    for (int i = 0; i < PAUSES_A_LOOK; ++i) {
      if (GENERATION(atomic_load_explicit(&p->state, memory_order_acquire)) != seen) return 1;
      if (atomic_load_explicit(&p->stop, memory_order_relaxed)) return 0;
      RG_PAUSE();
    }
  } while (nanoseconds() < until);
  pthread_mutex_lock(&p->mutex);
  atomic_fetch_add(&p->sleeping, 1);
  while (GENERATION(atomic_load(&p->state)) == seen && !atomic_load(&p->stop)) pthread_cond_wait(&p->wake, &p->mutex);
  atomic_fetch_sub(&p->sleeping, 1);
  pthread_mutex_unlock(&p->mutex);
  return !atomic_load(&p->stop);
}

/* Whether this worker is in the loop of the state that it leaves in `state`. */
static int join(struct rg_pool* p, uint64_t* state) {
  *state = atomic_load_explicit(&p->state, memory_order_acquire);
  while (*state & OPEN) {
    if (atomic_compare_exchange_weak_explicit(&p->state, state, *state + 1, memory_order_acquire, memory_order_acquire))
      return 1;
  }
  return 0;
}

static void* run_worker(void* argument) {
  struct worker* w = argument;
  struct rg_pool* p = w->pool;
  for (uint32_t seen = 0; await(p, seen);) {
    uint64_t state;
    const int joined = join(p, &state);
    seen = GENERATION(state);
    if (!joined) continue;
    take_ranges(p, w->index);
    atomic_fetch_sub_explicit(&p->state, 1, memory_order_release);
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
  if (c == NULL || c->threads <= 1 || inside.context != NULL || count <= grain) {
    body(0, count, rg_inside_body(c) ? inside.thread : 0, env);
    return RG_OK;
  }
  if (c->pool == NULL) c->pool = start(c->threads);
  struct rg_pool* p = c->pool;
  if (p == NULL || p->workers == 0) {
    body(0, count, 0, env);
    return RG_OK;
  }
  atomic_store_explicit(&c->body_failed, 0, memory_order_relaxed);
  p->context = c;
  p->body = body;
  p->env = env;
  p->count = count;
  p->grain = grain;
  atomic_store_explicit(&p->next, 0, memory_order_relaxed);
  const uint32_t generation = GENERATION(atomic_load_explicit(&p->state, memory_order_relaxed)) + 1;
  atomic_store_explicit(&p->state, (uint64_t)generation << 32 | OPEN, memory_order_seq_cst);
  if (atomic_load(&p->sleeping) > 0) {
    pthread_mutex_lock(&p->mutex);
    pthread_cond_broadcast(&p->wake);
    pthread_mutex_unlock(&p->mutex);
  }
  take_ranges(p, 0);
  atomic_fetch_and_explicit(&p->state, ~OPEN, memory_order_relaxed);
  while (atomic_load_explicit(&p->state, memory_order_acquire) & COUNT) RG_PAUSE();
  return RG_OK;
}
