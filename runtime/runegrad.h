/* The C interface of compiled functions: what they are called with, and what they call.
 *
 * A compiled function is `int f(<sizes>, <inputs>, <outputs>, rg_context*)`: sizes are int64_t, tensors row-major pointers,
 * scalar inputs are passed by value, outputs by pointer. It returns a status. The context may be null: then the function
 * runs on the calling thread and takes its workspace, if it needs one, from malloc for the time of the call.
 *
 * A context is used by one call at a time. Different contexts may be used from different threads at once. */
#ifndef RUNEGRAD_RUNTIME_H
#define RUNEGRAD_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rg_status {
  RG_OK = 0,
  RG_INVALID_ARGUMENT = 1,
  RG_OUT_OF_MEMORY = 2,
  RG_ASSERTION_FAILED = 3,
  RG_INDEX_OUT_OF_RANGE = 4
};

/* Generated headers hold the same declaration. */
#ifndef RUNEGRAD_CONTEXT
#define RUNEGRAD_CONTEXT
typedef struct rg_context rg_context;
#endif

/* A context with `threads` threads in all, the caller's among them (at least 1). The others start with the first call that
 * can use them. Null where memory is short. */
rg_context* rg_context_create(int threads);
/* Stops its threads and frees its workspace. Null is allowed. */
void rg_context_destroy(rg_context* context);
int rg_context_threads(const rg_context* context);

/* Where workspaces come from; `allocate` gives memory aligned to 64 bytes or null. Both null: the C library. */
void rg_context_set_allocator(rg_context* context, void* (*allocate)(size_t bytes, void* user),
                              void (*release)(void* memory, size_t bytes, void* user), void* user);

/* Status and message of the last call that failed with this context; RG_OK and "" when none did. */
int rg_error_code(const rg_context* context);
const char* rg_error_message(const rg_context* context);
/* Which check of the program that was, as the compiler numbers them; -1 where none of the program's own failed. */
int64_t rg_error_place(const rg_context* context);
void rg_error_clear(rg_context* context);

/* ---- called by compiled code ---- */

/* Records a failure (the message is copied) and returns the code. Of the bodies of one parallel loop the first that fails
 * is recorded. */
int rg_fail(rg_context* context, int code, const char* message);
/* The same of a check at a place in the program. Behind the message stand `count` numbers, each after its words; the
 * words are copied too. */
int rg_fail_check(rg_context* context, int code, const char* message, const char* const* words, const int64_t* numbers,
                  int count, int64_t place);

/* At least `bytes` bytes aligned to 64, kept by the context for its next call; null where memory is short. */
void* rg_workspace(rg_context* context, size_t bytes);
/* Ends the use of what rg_workspace gave; with a null context frees it. */
void rg_workspace_release(rg_context* context, void* workspace);

typedef void (*rg_body)(int64_t begin, int64_t end, int thread, void* env);

/* Calls body for ranges [begin, end) that cover [0, count), each a multiple of `grain` from 0 (the last may be shorter), on the
 * context's threads; returns when all are done. `thread` is below the number of threads and distinct among bodies that run
 * at once. Which thread gets which range is not fixed; a body must not depend on it. Inside a body it is one call of body
 * with the thread of the body around it (0 if that is another context's); with one thread, one call with thread 0.
 * Returns RG_OK. */
int rg_parallel_for(rg_context* context, int64_t count, int64_t grain, rg_body body, void* env);

/* What a kernel is told of its arrays, inputs first, then outputs: the rank of each and its extents; and the numbers among
 * the operation's attributes, in order. */
typedef struct {
  const int64_t* ranks;
  const int64_t* const* extents;
  const int64_t* attributes;
} rg_kernel_shape;

/* A kernel computes all results of an operation. Arrays are row-major without gaps; an output that is null is not wanted.
 * `work` is aligned to 64 bytes. Returns RG_OK, or the status with which the call ends. Does not use the context, so that
 * it may run on any thread. */
typedef int rg_kernel(const void* const* inputs, void* const* outputs, const rg_kernel_shape* shape, void* work);

/* The digamma function; NaN at 0, -1, -2, ... Recurrence to x >= 12, then the asymptotic series (DLMF 5.11.2); reflection
 * (DLMF 5.5.4) for x < 0. The error is within 16 units in the last place of the greatest of 1, the value and log |x|. */
double rg_digamma(double x);
/* Its derivative of order k >= 0: (-1)^(k+1) k! times the sum of (x+j)^-(k+1) over j >= 0, by Hurwitz' zeta function in its
 * Euler-Maclaurin form (DLMF 25.11.5); for x < 0 the poles above and below x are summed apart, so that the time does not
 * depend on |x|. */
double rg_polygamma(double k, double x);
/* The derivative of order k >= 0 of exp(x^2) erfc(x): (-1)^k 2^k k! exp(x^2) i^k erfc(x) (DLMF 7.18.3) by backward
 * recurrence (DLMF 7.18.7) for x >= 1, forward from erfc below. */
double rg_erfcx(double k, double x);
/* log(erfc(x)). */
double rg_log_erfc(double x);
/* The derivative of order k >= 0 of sin(pi x)/(pi x): its Taylor series near 0, the recurrence from
 * (x f)^(k) = x f^(k) + k f^(k-1) elsewhere, with the argument of the sine reduced exactly. */
double rg_sinc(double k, double x);

#ifdef __cplusplus
}
#endif

#endif
