// SPDX-License-Identifier: Apache-2.0

/// The version that `--version` and the metadata of generated files state.
enum LuminaVersion {
    static let current = "0.1.0"
}
