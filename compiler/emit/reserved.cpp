// Names that C and C++ have taken, by what for.
#include "compiler/emit/reserved.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>
#include <sstream>

namespace rg::emit {

namespace {

using Words = std::set<std::string, std::less<>>;

Words words(const char* text) {
  std::istringstream in(text);
  Words out;
  for (std::string word; in >> word;) out.insert(word);
  return out;
}

const Words& keywords() {
  static const Words all = words(
      "alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t "
      "class co_await co_return co_yield compl concept const const_cast consteval constexpr constinit continue "
      "decltype default delete do double dynamic_cast else enum explicit export extern false float for friend "
      "goto if inline int long mutable namespace new noexcept not not_eq nullptr operator or or_eq private "
      "protected public register reinterpret_cast requires restrict return short signed sizeof static "
      "static_assert static_cast struct switch template this thread_local throw true try typedef typeid typename "
      "typeof typeof_unqual union unsigned using virtual void volatile wchar_t while xor xor_eq ");
  return all;
}

// Types, variables and macros of the standard headers; names that compilers define.
const Words& of_headers() {
  static const Words all = words(
      "BITINT_MAXWIDTH BUFSIZ CLOCKS_PER_SEC DECIMAL_DIG EDOM EILSEQ EOF ERANGE EXIT_FAILURE EXIT_SUCCESS "
      "FE_DIVBYZERO FE_DOWNWARD FE_INEXACT FE_INVALID FE_OVERFLOW FE_TONEAREST FE_TOWARDZERO FE_UNDERFLOW "
      "FE_UPWARD FILE FP_INFINITE FP_INT_DOWNWARD FP_INT_TONEAREST FP_INT_TONEARESTFROMZERO FP_INT_TOWARDZERO "
      "FP_INT_UPWARD FP_NAN FP_NORMAL FP_SUBNORMAL FP_ZERO HUGE_VAL HUGE_VALF HUGE_VALL I INFINITY L_tmpnam "
      "MATH_ERREXCEPT MATH_ERRNO MB_CUR_MAX M_E M_PI NAN NULL RAND_MAX TIME_UTC WEOF assert atomic_bool "
      "atomic_compare_exchange_strong atomic_compare_exchange_strong_explicit atomic_compare_exchange_weak "
      "atomic_compare_exchange_weak_explicit atomic_exchange atomic_exchange_explicit atomic_fetch_add "
      "atomic_fetch_add_explicit atomic_fetch_and atomic_fetch_and_explicit atomic_fetch_or "
      "atomic_fetch_or_explicit atomic_fetch_sub atomic_fetch_sub_explicit atomic_fetch_xor "
      "atomic_fetch_xor_explicit atomic_init atomic_int atomic_is_lock_free atomic_load atomic_load_explicit "
      "atomic_store atomic_store_explicit clock_t cnd_t complex div_t double_t errno femode_t fenv_t fexcept_t "
      "float_t fpclassify fpos_t i386 imaxdiv_t int16_t int32_t int64_t int8_t int_fast16_t int_fast32_t "
      "int_fast64_t int_fast8_t int_least16_t int_least32_t int_least64_t int_least8_t intmax_t intptr_t "
      "iscanonical iseqsig isfinite isgreater isgreaterequal isinf isless islessequal islessgreater isnan "
      "isnormal issignaling issubnormal isunordered iszero jmp_buf kill_dependency lconv ldiv_t linux lldiv_t "
      "math_errhandling max_align_t mbstate_t memory_order memory_order_acq_rel memory_order_acquire "
      "memory_order_consume memory_order_relaxed memory_order_release memory_order_seq_cst mtx_plain "
      "mtx_recursive mtx_t mtx_timed noreturn nullptr_t offsetof once_flag ptrdiff_t sig_atomic_t signbit size_t "
      "std stderr stdin stdout thrd_busy thrd_error thrd_nomem thrd_start_t thrd_success thrd_t thrd_timedout "
      "time_t timespec tm tss_dtor_t tss_t uint16_t uint32_t uint64_t uint8_t uint_fast16_t uint_fast32_t "
      "uint_fast64_t uint_fast8_t uint_least16_t uint_least32_t uint_least64_t uint_least8_t uintmax_t uintptr_t "
      "unix unreachable va_arg va_copy va_end va_list va_start wctrans_t wctype_t wint_t ");
  return all;
}

// Functions of the C library up to C23; of POSIX those that libm holds, that compilers know by name, or that the
// runtimes of C and C++ call.
const Words& of_library() {
  static const Words all = words(
      "abort abs acos acosf acosh acoshf acoshl acosl aligned_alloc alloca asctime asin asinf asinh asinhf "
      "asinhl asinl at_quick_exit atan atan2 atan2f atan2l atanf atanh atanhf atanhl atanl atexit atof atoi atol "
      "atoll atomic_flag_clear atomic_flag_clear_explicit atomic_flag_test_and_set "
      "atomic_flag_test_and_set_explicit atomic_signal_fence atomic_thread_fence bcmp bcopy bsearch btowc bzero "
      "c16rtomb c32rtomb c8rtomb cabs cabsf cabsl cacos cacosf cacosh cacoshf cacoshl cacosl call_once calloc "
      "canonicalize canonicalizef canonicalizel carg cargf cargl casin casinf casinh casinhf casinhl casinl "
      "catan catanf catanh catanhf catanhl catanl cbrt cbrtf cbrtl ccos ccosf ccosh ccoshf ccoshl ccosl ceil "
      "ceilf ceill cexp cexpf cexpl cimag cimagf cimagl clearerr clock clock_gettime clog clogf clogl close "
      "cnd_broadcast cnd_destroy cnd_init cnd_signal cnd_timedwait cnd_wait conj conjf conjl copysign copysignf "
      "copysignl cos cosf cosh coshf coshl cosl cpow cpowf cpowl cproj cprojf cprojl creal crealf creall csin "
      "csinf csinh csinhf csinhl csinl csqrt csqrtf csqrtl ctan ctanf ctanh ctanhf ctanhl ctanl ctime daddl "
      "dcgettext ddivl dfmal dgettext difftime div dmull drem dremf dreml dsqrtl dsubl environ erf erfc erfcf "
      "erfcl erff erfl execl execle execlp execv execve execvp exit exp exp10 exp10f exp10l exp2 exp2f exp2l "
      "expf expl expm1 expm1f expm1l fabs fabsf fabsl fadd faddl fclose fdim fdimf fdiml fdiv fdivl "
      "feclearexcept fegetenv fegetexceptflag fegetmode fegetround feholdexcept feof feraiseexcept ferror "
      "fesetenv fesetexcept fesetexceptflag fesetmode fesetround fetestexcept fetestexceptflag feupdateenv "
      "fflush ffma ffmal ffs ffsl ffsll fgetc fgetpos fgets fgetwc fgetws finite finitef finitel floor floorf "
      "floorl fma fmaf fmal fmax fmaxf fmaximum fmaximum_mag fmaximum_mag_num fmaximum_mag_numf "
      "fmaximum_mag_numl fmaximum_magf fmaximum_magl fmaximum_num fmaximum_numf fmaximum_numl fmaximumf "
      "fmaximuml fmaxl fmin fminf fminimum fminimum_mag fminimum_mag_num fminimum_mag_numf fminimum_mag_numl "
      "fminimum_magf fminimum_magl fminimum_num fminimum_numf fminimum_numl fminimumf fminimuml fminl fmod fmodf "
      "fmodl fmul fmull fopen fork fprintf fprintf_unlocked fputc fputs fputwc fputws fread free freopen frexp "
      "frexpf frexpl fromfp fromfpf fromfpl fromfpx fromfpxf fromfpxl fscanf fseek fsetpos fsqrt fsqrtl fsub "
      "fsubl ftell fwide fwprintf fwrite fwscanf gamma gammaf gammal getc getchar getenv gets gettext getwc "
      "getwchar gmtime gmtime_r hypot hypotf hypotl ilogb ilogbf ilogbl imaxabs imaxdiv index isalnum isalpha "
      "isascii isblank iscntrl isdigit isgraph islower isprint ispunct isspace isupper iswalnum iswalpha "
      "iswblank iswcntrl iswctype iswdigit iswgraph iswlower iswprint iswpunct iswspace iswupper iswxdigit "
      "isxdigit j0 j0f j0l j1 j1f j1l jn jnf jnl labs ldexp ldexpf ldexpl ldiv lgamma lgamma_r lgammaf lgammaf_r "
      "lgammal lgammal_r llabs lldiv llogb llogbf llogbl llrint llrintf llrintl llround llroundf llroundl "
      "localeconv localtime localtime_r log log10 log10f log10l log1p log1pf log1pl log2 log2f log2l logb logbf "
      "logbl logf logl longjmp lrint lrintf lrintl lround lroundf lroundl lseek malloc mblen mbrlen mbrtoc16 "
      "mbrtoc32 mbrtoc8 mbrtowc mbsinit mbsrtowcs mbstowcs mbtowc memalign memccpy memchr memcmp memcpy memmove "
      "memset mktime mmap modf modff modfl mtx_destroy mtx_init mtx_lock mtx_timedlock mtx_trylock mtx_unlock "
      "munmap nan nanf nanl nearbyint nearbyintf nearbyintl nextafter nextafterf nextafterl nextdown nextdownf "
      "nextdownl nexttoward nexttowardf nexttowardl nextup nextupf nextupl open perror poll posix_memalign pow "
      "pow10 pow10f pow10l powf powl printf printf_unlocked putc putchar puts putwc putwchar qsort quick_exit "
      "raise rand read readv realloc remainder remainderf remainderl remove remquo remquof remquol rename rewind "
      "rindex rint rintf rintl round roundeven roundevenf roundevenl roundf roundl scalb scalbf scalbl scalbln "
      "scalblnf scalblnl scalbn scalbnf scalbnl scanf sched_yield setbuf setjmp setlocale setvbuf signal signgam "
      "significand significandf significandl sin sincos sincosf sincosl sinf sinh sinhf sinhl sinl snprintf "
      "sprintf sqrt sqrtf sqrtl srand sscanf stpcpy stpncpy strcasecmp strcat strchr strcmp strcoll strcpy "
      "strcspn strdup strerror strfmon strfromd strfromf strfroml strftime strlen strncasecmp strncat strncmp "
      "strncpy strndup strpbrk strrchr strspn strstr strtod strtof strtoimax strtok strtol strtold strtoll "
      "strtoul strtoull strtoumax strxfrm swprintf swscanf system tan tanf tanh tanhf tanhl tanl tgamma tgammaf "
      "tgammal thrd_create thrd_current thrd_detach thrd_equal thrd_exit thrd_join thrd_sleep thrd_yield time "
      "timegm timespec_get timespec_getres tmpfile tmpnam toascii tolower toupper towctrans towlower towupper "
      "trunc truncf truncl tss_create tss_delete tss_get tss_set ufromfp ufromfpf ufromfpl ufromfpx ufromfpxf "
      "ufromfpxl ungetc ungetwc valloc vfprintf vfscanf vfwprintf vfwscanf vprintf vscanf vsnprintf vsprintf "
      "vsscanf vswprintf vswscanf vwprintf vwscanf wcrtomb wcscat wcschr wcscmp wcscoll wcscpy wcscspn wcsftime "
      "wcslen wcsncat wcsncmp wcsncpy wcspbrk wcsrchr wcsrtombs wcsspn wcsstr wcstod wcstof wcstoimax wcstok "
      "wcstol wcstold wcstoll wcstombs wcstoul wcstoull wcstoumax wcsxfrm wctob wctomb wctrans wctype wmemchr "
      "wmemcmp wmemcpy wmemmove wmemset wprintf write writev wscanf y0 y0f y0l y1 y1f y1l yn ynf ynl ");
  return all;
}

// Macros that come in families, in capitals: by what they begin or end with.
bool is_macro_of_family(std::string_view name) {
  constexpr std::array<std::string_view, 9> begin{"ATOMIC_", "DBL_",  "FE_",   "FLT_", "FP_",
                                                  "LC_",     "LDBL_", "SEEK_", "SIG_"};
  constexpr std::array<std::string_view, 4> end{"_MAX", "_MIN", "_WIDTH", "_C"};
  constexpr std::array<std::string_view, 12> numbers{"BOOL",  "CHAR", "INT",  "LLONG", "LONG", "PTRDIFF",
                                                     "SCHAR", "SHRT", "SIZE", "UCHAR", "UINT", "WCHAR"};
  const auto capital = [](unsigned char c) { return std::islower(c) == 0; };
  const auto starts = [&](std::string_view s) { return name.starts_with(s); };
  if (starts("PRI") || starts("SCN")) return name.size() > 4;
  if (!std::ranges::all_of(name, capital)) return false;
  if (std::ranges::any_of(begin, starts)) return true;
  const bool number = std::ranges::any_of(numbers, starts) || starts("ULLONG") || starts("ULONG") || starts("USHRT");
  return number && std::ranges::any_of(end, [&](std::string_view s) { return name.ends_with(s); });
}

}  // namespace

bool taken_for_parameters(std::string_view name) {
  return keywords().contains(name) || of_headers().contains(name) || is_macro_of_family(name);
}

std::string_view reserved_in_c(std::string_view name) {
  if (keywords().contains(name)) return "is a word of C or C++";
  if (of_headers().contains(name) || is_macro_of_family(name)) return "is a name of C's headers";
  if (name == "main") return "is where a program begins";
  if (of_library().contains(name) || name.starts_with("pthread_")) return "is a function of C's library";
  if (name.starts_with("rg_") || name.starts_with("RG_")) return "begins with rg_, as the runtime's names do";
  if (name.starts_with('_')) return "begins with `_`, as names of C's implementation do";
  if (name.ends_with('_') || name.find("__") != std::string_view::npos)
    return "gives names with `__`, which C++ reserves";
  return "";
}

}  // namespace rg::emit
