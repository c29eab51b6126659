// SPDX-License-Identifier: Apache-2.0
#include "Support.hpp"

#include <c10/util/Exception.h>

#include <new>
#include <string_view>

namespace ctorch {

Counters counters;

namespace {

/// Handed out when there is no memory for an error either; never freed.
CTError exhausted{CTErrorKindOutOfMemory, "out of memory"};

CTError *make(CTErrorKind kind, const char *message) noexcept {
  try {
    return new CTError{kind, message};
  } catch (...) {
    return &exhausted;
  }
}

/// The CPU's allocators throw a plain c10::Error, so running out of memory is told by its text.
CTErrorKind kindOf(const c10::Error &error) {
  std::string_view text = error.what_without_backtrace();
  bool exhausted = text.find("can't allocate memory") != text.npos || text.find("not enough memory") != text.npos;
  return exhausted ? CTErrorKindOutOfMemory : CTErrorKindRuntime;
}

} // namespace

CTError *currentError() noexcept {
  try {
    throw;
  } catch (const c10::OutOfMemoryError &error) {
    return make(CTErrorKindOutOfMemory, error.what_without_backtrace());
  } catch (const c10::IndexError &error) {
    return make(CTErrorKindIndex, error.what_without_backtrace());
  } catch (const c10::TypeError &error) {
    return make(CTErrorKindType, error.what_without_backtrace());
  } catch (const c10::NotImplementedError &error) {
    return make(CTErrorKindNotImplemented, error.what_without_backtrace());
  } catch (const c10::ValueError &error) {
    return make(CTErrorKindInvalidArgument, error.what_without_backtrace());
  } catch (const c10::Error &error) {
    return make(kindOf(error), error.what_without_backtrace());
  } catch (const std::bad_alloc &error) {
    return make(CTErrorKindOutOfMemory, error.what());
  } catch (const std::exception &error) {
    return make(CTErrorKindRuntime, error.what());
  } catch (...) {
    return make(CTErrorKindRuntime, "libtorch threw something that is not an exception");
  }
}

void fillError(CTTable &table) {
  table.errorKind = [](auto error) { return error->kind; };
  table.errorMessage = [](auto error) { return error->message.c_str(); };
  table.freeError = [](auto error) {
    if (error != &exhausted)
      delete error;
  };
}

} // namespace ctorch
