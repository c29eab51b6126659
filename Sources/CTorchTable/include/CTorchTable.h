// SPDX-License-Identifier: Apache-2.0
// What libCTorch.so offers: one table of functions, fetched with dlsym("ct_table").
//
// A function that can fail returns NULL, or an error that the caller frees. Results come first, as
// out-parameters, and are written only on success. Tensors are borrowed unless a comment says otherwise; a
// tensor handed out belongs to the caller, who frees it once. Lists are a pointer and a count; the pointer may
// be NULL when the count is 0. Dimensions may be negative.
#ifndef CTORCH_TABLE_H
#define CTORCH_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

/// Raised whenever a field of CTTable changes; a table of another version is refused.
#define CT_ABI_VERSION 4
/// The libtorch release this header's library is compiled for.
#define CT_TORCH_MAJOR 2
#define CT_TORCH_MINOR 11

typedef struct CTTensor CTTensor;
typedef struct CTGenerator CTGenerator;
typedef struct CTError CTError;

/// A size, a dimension or an index: Swift's Int.
typedef ptrdiff_t CTInt;

typedef enum __attribute__((enum_extensibility(open))) CTErrorKind : int32_t {
  CTErrorKindRuntime = 0,
  CTErrorKindOutOfMemory = 1,
  CTErrorKindIndex = 2,
  CTErrorKindType = 3,
  CTErrorKindNotImplemented = 4,
  CTErrorKindInvalidArgument = 5,
} CTErrorKind;

/// `kind` is a c10::DeviceType; `index` is ignored for the CPU.
typedef struct CTDevice {
  int32_t kind;
  int32_t index;
} CTDevice;

/// `dtype` is a c10::ScalarType.
typedef struct CTOptions {
  int32_t dtype;
  CTDevice device;
} CTOptions;

typedef struct CTOptionalDouble {
  double value;
  bool present;
} CTOptionalDouble;

typedef struct CTOptionalInt {
  CTInt value;
  bool present;
} CTOptionalInt;

/// One device kind's autocast setting on the calling thread.
typedef struct CTAutocastState {
  int32_t dtype;
  bool enabled;
} CTAutocastState;

/// One step of AdamW: `step` counts from 1.
typedef struct CTAdamW {
  double learningRate;
  double meanDecay;
  double squareDecay;
  double weightDecay;
  double epsilon;
  int64_t step;
} CTAdamW;

/// What the shim has done since it was opened. `bytes` counts the storage of results that alias no other
/// tensor when they are handed out; libtorch's own temporaries are not seen.
typedef struct CTCounters {
  int64_t live;
  int64_t created;
  int64_t calls;
  int64_t bytes;
} CTCounters;

typedef CTError *_Nullable CTResult;
typedef CTTensor *_Nullable *_Nonnull CTOut;

// The commonest signatures.
typedef CTResult (*CTUnary)(CTOut out, CTTensor *a);
typedef CTResult (*CTBinary)(CTOut out, CTTensor *a, CTTensor *b);
typedef CTResult (*CTWithNumber)(CTOut out, CTTensor *a, double number);
typedef CTResult (*CTWithInt)(CTOut out, CTTensor *a, CTInt number);
typedef CTResult (*CTWithTwoInts)(CTOut out, CTTensor *a, CTInt first, CTInt second);
typedef CTResult (*CTWithList)(CTOut out, CTTensor *a, const CTInt *_Nullable values, size_t count);
typedef CTResult (*CTReduction)(CTOut out, CTTensor *a, const CTInt *_Nullable dimensions, size_t count, bool keep);
typedef CTResult (*CTFill)(CTOut out, const CTInt *_Nullable shape, size_t rank, CTOptions options);
typedef CTResult (*CTDraw)(
    CTOut out, const CTInt *_Nullable shape, size_t rank, CTGenerator *generator, CTOptions options);

typedef struct CTTable {
  /// CT_ABI_VERSION and sizeof(CTTable) of the library's build.
  uint32_t abiVersion;
  uint32_t byteCount;

  // Errors
  CTErrorKind (*_Nonnull errorKind)(const CTError *error);
  const char *_Nonnull (*_Nonnull errorMessage)(const CTError *error);
  void (*_Nonnull freeError)(CTError *error);

  // The library. Strings live for ever; dtypeName and byteCount answer NULL and 0 for an unknown dtype.
  uint64_t (*_Nonnull runtimeVersion)(void);
  const char *_Nonnull (*_Nonnull libraryPath)(void);
  const char *_Nonnull (*_Nonnull cpuCapability)(void);
  const char *_Nonnull (*_Nonnull cpuFeatures)(void);
  const char *_Nonnull (*_Nonnull buildConfiguration)(void);
  CTCounters (*_Nonnull counters)(void);
  CTResult (*_Nonnull setThreadCount)(int32_t count);
  int32_t (*_Nonnull threadCount)(void);
  CTResult (*_Nonnull setInteropThreadCount)(int32_t count);
  CTResult (*_Nonnull acceleratorCount)(int32_t *out);
  const char *_Nullable (*_Nonnull dtypeName)(int32_t dtype);
  size_t (*_Nonnull dtypeByteCount)(int32_t dtype);

  // One tensor
  void (*_Nonnull freeTensor)(CTTensor *tensor);
  size_t (*_Nonnull rank)(const CTTensor *tensor);
  const int64_t *_Nullable (*_Nonnull sizes)(const CTTensor *tensor);
  int64_t (*_Nonnull elementCount)(const CTTensor *tensor);
  int32_t (*_Nonnull dtype)(const CTTensor *tensor);
  CTDevice (*_Nonnull device)(const CTTensor *tensor);
  bool (*_Nonnull isContiguous)(const CTTensor *tensor);
  const void *_Nullable (*_Nonnull dataPointer)(const CTTensor *tensor);
  bool (*_Nonnull sharesStorage)(const CTTensor *a, const CTTensor *b);
  CTResult (*_Nonnull copyOut)(void *_Nullable destination, size_t byteCount, CTTensor *a, int32_t dtype);
  CTResult (*_Nonnull item)(double *out, CTTensor *a);
  CTResult (*_Nonnull equal)(bool *out, CTTensor *a, CTTensor *b);

  // Creation. `mapBytes` calls `release(owner)` once, when the last view of the storage dies; never if it failed.
  CTFill _Nonnull empty;
  CTFill _Nonnull zeros;
  CTFill _Nonnull ones;
  CTResult (*_Nonnull full)(CTOut out, const CTInt *_Nullable shape, size_t rank, double value, CTOptions options);
  CTResult (*_Nonnull arange)(CTOut out, double start, double end, double step, CTOptions options);
  CTResult (*_Nonnull linspace)(CTOut out, double start, double end, CTInt count, CTOptions options);
  CTResult (*_Nonnull copyBytes)(
      CTOut out, const void *_Nullable bytes, size_t byteCount, const CTInt *_Nullable shape, size_t rank,
      int32_t dtype);
  CTResult (*_Nonnull mapBytes)(
      CTOut out, const void *_Nullable bytes, size_t byteCount, const CTInt *_Nullable shape, size_t rank,
      int32_t dtype, void *owner, void (*_Nonnull release)(void *owner));
  CTResult (*_Nonnull convert)(CTOut out, CTTensor *a, CTOptions options, bool nonBlocking);

  // Random numbers
  CTResult (*_Nonnull makeGenerator)(CTGenerator *_Nullable *_Nonnull out, uint64_t seed, CTDevice device);
  void (*_Nonnull freeGenerator)(CTGenerator *generator);
  uint64_t (*_Nonnull generatorSeed)(const CTGenerator *generator);
  CTResult (*_Nonnull generatorState)(CTOut out, CTGenerator *generator);
  CTResult (*_Nonnull setGeneratorState)(CTGenerator *generator, CTTensor *state);
  CTDraw _Nonnull randn;
  CTDraw _Nonnull rand;
  CTResult (*_Nonnull randint)(
      CTOut out, int64_t low, int64_t high, const CTInt *_Nullable shape, size_t rank, CTGenerator *generator,
      CTOptions options);
  CTResult (*_Nonnull bernoulli)(
      CTOut out, double probability, const CTInt *_Nullable shape, size_t rank, CTGenerator *generator,
      CTOptions options);

  // Arithmetic
  CTResult (*_Nonnull add)(CTOut out, CTTensor *a, CTTensor *b, double alpha);
  CTBinary _Nonnull subtract;
  CTBinary _Nonnull multiply;
  CTBinary _Nonnull divide;
  CTWithNumber _Nonnull addNumber;
  CTWithNumber _Nonnull subtractFromNumber;
  CTWithNumber _Nonnull multiplyNumber;
  CTWithNumber _Nonnull divideByNumber;
  CTUnary _Nonnull negate;
  CTResult (*_Nonnull addcmul)(CTOut out, CTTensor *a, CTTensor *b, CTTensor *c, double value);
  CTResult (*_Nonnull lerp)(CTOut out, CTTensor *a, CTTensor *end, double weight);
  CTResult (*_Nonnull lerpTensor)(CTOut out, CTTensor *a, CTTensor *end, CTTensor *weight);
  CTBinary _Nonnull minimum;
  CTBinary _Nonnull maximum;
  CTResult (*_Nonnull clamp)(CTOut out, CTTensor *a, CTOptionalDouble low, CTOptionalDouble high);

  // In place: the first tensor changes
  CTResult (*_Nonnull addInPlace)(CTTensor *a, CTTensor *b, double alpha);
  CTResult (*_Nonnull addNumberInPlace)(CTTensor *a, double number);
  CTResult (*_Nonnull multiplyInPlace)(CTTensor *a, CTTensor *b);
  CTResult (*_Nonnull multiplyNumberInPlace)(CTTensor *a, double number);
  CTResult (*_Nonnull addmmInPlace)(CTTensor *a, CTTensor *left, CTTensor *right, double beta, double alpha);
  CTResult (*_Nonnull clampInPlace)(CTTensor *a, CTOptionalDouble low, CTOptionalDouble high);
  CTResult (*_Nonnull copyInPlace)(CTTensor *a, CTTensor *source);
  CTResult (*_Nonnull fillInPlace)(CTTensor *a, double value);
  CTResult (*_Nonnull loraAdd)(CTTensor *output, CTTensor *input, CTTensor *down, CTTensor *up, double scale);

  // Comparison and logic, element by element
  CTBinary _Nonnull equalTo;
  CTBinary _Nonnull notEqualTo;
  CTBinary _Nonnull lessThan;
  CTBinary _Nonnull lessThanOrEqual;
  CTBinary _Nonnull greaterThan;
  CTBinary _Nonnull greaterThanOrEqual;
  CTWithNumber _Nonnull equalToNumber;
  CTWithNumber _Nonnull notEqualToNumber;
  CTWithNumber _Nonnull lessThanNumber;
  CTWithNumber _Nonnull lessThanOrEqualNumber;
  CTWithNumber _Nonnull greaterThanNumber;
  CTWithNumber _Nonnull greaterThanOrEqualNumber;
  CTBinary _Nonnull logicalAnd;
  CTBinary _Nonnull logicalOr;
  CTUnary _Nonnull logicalNot;
  CTUnary _Nonnull isfinite;
  CTUnary _Nonnull isnan;

  // Elementwise functions
  CTUnary _Nonnull exp;
  CTUnary _Nonnull log;
  CTUnary _Nonnull sin;
  CTUnary _Nonnull cos;
  CTUnary _Nonnull acos;
  CTUnary _Nonnull tanh;
  CTUnary _Nonnull erf;
  CTUnary _Nonnull sqrt;
  CTUnary _Nonnull rsqrt;
  CTUnary _Nonnull square;
  CTUnary _Nonnull reciprocal;
  CTUnary _Nonnull abs;
  CTUnary _Nonnull sign;
  CTUnary _Nonnull floor;
  CTUnary _Nonnull ceil;
  CTUnary _Nonnull round;
  CTUnary _Nonnull relu;
  CTUnary _Nonnull silu;
  CTUnary _Nonnull sigmoid;
  CTUnary _Nonnull softplus;
  CTResult (*_Nonnull gelu)(CTOut out, CTTensor *a, bool approximate);
  CTWithNumber _Nonnull pow;

  // Reductions; an empty list of dimensions means all of them
  CTReduction _Nonnull sum;
  CTReduction _Nonnull mean;
  CTReduction _Nonnull amax;
  CTReduction _Nonnull amin;
  CTUnary _Nonnull max;
  CTUnary _Nonnull min;
  CTUnary _Nonnull any;
  CTUnary _Nonnull all;
  CTResult (*_Nonnull std)(
      CTOut out, CTTensor *a, const CTInt *_Nullable dimensions, size_t count, double correction, bool keep);
  CTResult (*_Nonnull var)(
      CTOut out, CTTensor *a, const CTInt *_Nullable dimensions, size_t count, double correction, bool keep);
  CTResult (*_Nonnull norm)(
      CTOut out, CTTensor *a, double p, const CTInt *_Nullable dimensions, size_t count, bool keep);
  CTResult (*_Nonnull argmax)(CTOut out, CTTensor *a, CTOptionalInt dimension, bool keep);
  CTWithInt _Nonnull cumsum;
  CTWithInt _Nonnull softmax;

  // Linear algebra
  CTBinary _Nonnull matmul;
  CTBinary _Nonnull bmm;
  CTBinary _Nonnull outer;
  CTBinary _Nonnull kron;
  CTBinary _Nonnull solve;
  CTUnary _Nonnull inverse;
  CTResult (*_Nonnull linear)(CTOut out, CTTensor *input, CTTensor *weight, CTTensor *_Nullable bias);
  CTResult (*_Nonnull addmm)(CTOut out, CTTensor *a, CTTensor *left, CTTensor *right, double beta, double alpha);
  CTResult (*_Nonnull baddbmm)(CTOut out, CTTensor *a, CTTensor *left, CTTensor *right, double beta, double alpha);
  CTResult (*_Nonnull svd)(CTOut u, CTOut s, CTOut v, CTTensor *a);
  CTResult (*_Nonnull qr)(CTOut q, CTOut r, CTTensor *a);

  // Convolution: one number a spatial dimension
  CTResult (*_Nonnull conv1d)(
      CTOut out, CTTensor *input, CTTensor *weight, CTTensor *_Nullable bias, CTInt stride, CTInt padding,
      CTInt dilation, CTInt groups);
  CTResult (*_Nonnull convTranspose1d)(
      CTOut out, CTTensor *input, CTTensor *weight, CTTensor *_Nullable bias, CTInt stride, CTInt padding,
      CTInt outputPadding, CTInt groups, CTInt dilation);
  CTResult (*_Nonnull conv2d)(
      CTOut out, CTTensor *input, CTTensor *weight, CTTensor *_Nullable bias, const CTInt *stride, const CTInt *padding,
      const CTInt *dilation, CTInt groups);
  CTResult (*_Nonnull convTranspose2d)(
      CTOut out, CTTensor *input, CTTensor *weight, CTTensor *_Nullable bias, const CTInt *stride, const CTInt *padding,
      const CTInt *outputPadding, CTInt groups, const CTInt *dilation);

  // Spectra: real and imaginary parts lie in a last dimension of size 2
  CTResult (*_Nonnull stft)(CTOut out, CTTensor *a, CTInt size, CTInt hop, CTTensor *window, bool centered);

  // Networks
  CTResult (*_Nonnull rmsNorm)(CTOut out, CTTensor *a, CTTensor *_Nullable weight, double epsilon);
  CTResult (*_Nonnull layerNorm)(
      CTOut out, CTTensor *a, CTTensor *_Nullable weight, CTTensor *_Nullable bias, double epsilon);
  CTResult (*_Nonnull attention)(
      CTOut out, CTTensor *query, CTTensor *key, CTTensor *value, CTTensor *_Nullable mask, bool isCausal,
      CTOptionalDouble scale, bool groupedQuery);
  CTBinary _Nonnull embedding;
  CTBinary _Nonnull siluMultiply;
  CTResult (*_Nonnull rotary)(CTOut out, CTTensor *a, CTTensor *cosine, CTTensor *sine);
  CTResult (*_Nonnull modulate)(CTOut out, CTTensor *a, CTTensor *scale, CTTensor *shift);
  CTResult (*_Nonnull snake)(CTOut out, CTTensor *a, CTTensor *alphaExp, CTTensor *betaInverse);

  // Products in int8, on a processor with VNNI. `quantizeRows` gives int8 values and one float32 scale a row. A packed
  // matrix is opaque: nothing but `linearInt8`, `readPackedInt8` and `freeTensor` takes it. One that `mapPackedInt8` makes
  // lies on `bytes`, which must outlive it.
  bool (*_Nonnull canMultiplyInt8)(void);
  CTResult (*_Nonnull quantizeRows)(CTOut values, CTOut scales, CTTensor *a);
  CTUnary _Nonnull packInt8;
  CTResult (*_Nonnull readPackedInt8)(CTOut bytes, CTOut layout, CTTensor *packed);
  CTResult (*_Nonnull mapPackedInt8)(CTOut out, CTTensor *bytes, CTTensor *layout, CTInt outputs, CTInt inputs);
  CTResult (*_Nonnull linearInt8)(
      CTOut out, CTTensor *input, CTTensor *packed, CTTensor *scales, CTTensor *_Nullable bias);

  // Shape
  CTWithList _Nonnull reshape;
  CTWithList _Nonnull view;
  CTWithList _Nonnull permute;
  CTWithList _Nonnull expand;
  CTWithList _Nonnull repeated;
  CTWithList _Nonnull flip;
  CTWithTwoInts _Nonnull transpose;
  CTWithTwoInts _Nonnull flatten;
  CTWithTwoInts _Nonnull select;
  CTWithTwoInts _Nonnull roll;
  CTWithTwoInts _Nonnull repeatInterleave;
  CTWithInt _Nonnull unsqueeze;
  CTWithInt _Nonnull squeeze;
  CTWithInt _Nonnull triu;
  CTWithInt _Nonnull tril;
  CTUnary _Nonnull contiguous;
  CTUnary _Nonnull clone;
  CTUnary _Nonnull detach;
  CTResult (*_Nonnull slice)(CTOut out, CTTensor *a, CTInt dimension, CTInt start, CTInt end, CTInt step);
  CTResult (*_Nonnull narrow)(CTOut out, CTTensor *a, CTInt dimension, CTInt start, CTInt length);
  CTResult (*_Nonnull cat)(CTOut out, CTTensor *_Nonnull const *_Nullable tensors, size_t count, CTInt dimension);
  CTResult (*_Nonnull stack)(CTOut out, CTTensor *_Nonnull const *_Nullable tensors, size_t count, CTInt dimension);
  CTResult (*_Nonnull pad)(CTOut out, CTTensor *a, const CTInt *_Nullable amounts, size_t count, double value);

  // Indexing
  CTResult (*_Nonnull where)(CTOut out, CTTensor *condition, CTTensor *then, CTTensor *otherwise);
  CTResult (*_Nonnull maskedFill)(CTOut out, CTTensor *a, CTTensor *mask, double value);
  CTResult (*_Nonnull gather)(CTOut out, CTTensor *a, CTInt dimension, CTTensor *indices);
  CTResult (*_Nonnull indexSelect)(CTOut out, CTTensor *a, CTInt dimension, CTTensor *indices);
  CTResult (*_Nonnull scatter)(CTOut out, CTTensor *a, CTInt dimension, CTTensor *indices, CTTensor *source);
  CTResult (*_Nonnull sort)(
      CTOut values, CTOut indices, CTTensor *a, CTInt dimension, bool descending, bool stable);
  CTResult (*_Nonnull topk)(CTOut values, CTOut indices, CTTensor *a, CTInt k, CTInt dimension, bool largest);
  CTUnary _Nonnull nonzero;

  // Autograd; the modes are those of the calling thread
  bool (*_Nonnull gradientsEnabled)(void);
  void (*_Nonnull setGradientsEnabled)(bool enabled);
  bool (*_Nonnull requiresGradient)(const CTTensor *a);
  CTResult (*_Nonnull setRequiresGradient)(CTTensor *a, bool required);
  /// NULL in `out` means that there is none.
  CTResult (*_Nonnull gradient)(CTOut out, CTTensor *a);
  CTResult (*_Nonnull setGradient)(CTTensor *a, CTTensor *_Nullable gradient);
  CTResult (*_Nonnull backward)(CTTensor *a, CTTensor *_Nullable gradient, bool retainGraph);
  // Lists of tensors at once, for the step of an optimizer; the first list changes, the others have its length
  CTResult (*_Nonnull normOfAll)(double *out, CTTensor *_Nonnull const *_Nullable tensors, size_t count);
  CTResult (*_Nonnull multiplyAll)(CTTensor *_Nonnull const *_Nullable tensors, size_t count, double number);
  CTResult (*_Nonnull addAll)(
      CTTensor *_Nonnull const *_Nullable tensors, CTTensor *_Nonnull const *_Nullable others, size_t count);
  CTResult (*_Nonnull copyAll)(
      CTTensor *_Nonnull const *_Nullable tensors, CTTensor *_Nonnull const *_Nullable sources, size_t count);
  CTResult (*_Nonnull lerpAll)(
      CTTensor *_Nonnull const *_Nullable tensors, CTTensor *_Nonnull const *_Nullable ends, size_t count,
      double weight);
  CTResult (*_Nonnull adamW)(
      CTTensor *_Nonnull const *_Nullable values, CTTensor *_Nonnull const *_Nullable gradients,
      CTTensor *_Nonnull const *_Nullable means, CTTensor *_Nonnull const *_Nullable squares, size_t count,
      const CTAdamW *settings);

  CTResult (*_Nonnull enterAutocast)(CTAutocastState *previous, int32_t deviceKind, int32_t dtype);
  void (*_Nonnull leaveAutocast)(int32_t deviceKind, CTAutocastState previous);
} CTTable;

/// The library's only exported symbol.
typedef const CTTable *_Nonnull (*CTTableFunction)(void);

/// Names the calling thread for `top -H` and debuggers; Linux keeps 15 bytes. Swift cannot call the system's own
/// function, which Glibc shows only under _GNU_SOURCE.
void ct_name_thread(const char *name);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#endif
