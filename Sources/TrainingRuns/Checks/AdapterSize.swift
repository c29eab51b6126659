// SPDX-License-Identifier: Apache-2.0

/// How many numbers an adapter trains.
package enum AdapterSize {
    /// The trained numbers of an adapter on a decoder.
    ///
    /// - Parameters:
    ///   - adapter: the adapter's settings.
    ///   - shape: the decoder's sizes.
    /// - Returns: their count; ranks of single modules are not looked at.
    package static func parameterCount(_ adapter: AdapterSettings, _ shape: DecoderShape) -> Int {
        shape.modules(of: adapter).reduce(0) { $0 + parameterCount(adapter, $1) }
    }

    /// The trained numbers of one module.
    ///
    /// - Parameters:
    ///   - adapter: the adapter's settings.
    ///   - module: the module.
    /// - Returns: their count.
    package static func parameterCount(_ adapter: AdapterSettings, _ module: DecoderShape.Module) -> Int {
        let width = module.inputs * module.kernel
        switch adapter.family {
        case .lora: return adapter.rank * (width + module.outputs)
        case .dora: return adapter.rank * (width + module.outputs) + module.outputs
        case .loha: return 2 * adapter.effectiveRank * (width + module.outputs) + (adapter.loha.usesScalar ? 1 : 0)
        case .lokr: return kronecker(adapter, module)
        case .oft:
            let block = adapter.oft.blockSize
            return module.inputs / max(1, block) * (block * (block - 1) / 2)
        }
    }

    private static func kronecker(_ adapter: AdapterSettings, _ module: DecoderShape.Module) -> Int {
        let settings = adapter.lokr
        let dimension = adapter.effectiveRank
        let output = factors(module.outputs, settings.factor)
        let input = factors(module.inputs, settings.factor)
        let isFirstLow = settings.decomposesBoth && 2 * dimension < max(output.small, input.small)
        let first = isFirstLow ? dimension * (output.small + input.small) : output.small * input.small
        let second: Int
        if 2 * dimension >= max(output.large, input.large) {
            second = output.large * input.large * module.kernel
        } else if settings.usesTucker, module.kernel > 1 {
            second = dimension * (dimension * module.kernel + output.large + input.large)
        } else {
            second = dimension * (output.large + input.large * module.kernel)
        }
        return first + second + (settings.decomposesWeight ? module.outputs : 0) + (settings.usesScalar ? 1 : 0)
    }

    /// How LoKr splits a number of channels in two factors.
    ///
    /// - Parameters:
    ///   - dimension: the channels.
    ///   - factor: the wanted smaller factor; below 0 the most square split is taken.
    /// - Returns: both factors.
    package static func factors(_ dimension: Int, _ factor: Int) -> (small: Int, large: Int) {
        if factor > 0, dimension % factor == 0 { return ordered(factor, dimension / factor) }
        let limit = factor < 0 ? dimension : factor
        var (small, large) = (1, dimension)
        let length = small + large
        while small < large {
            var next = small + 1
            while dimension % next != 0 { next += 1 }
            let other = dimension / next
            if next + other > length || next > limit { break }
            (small, large) = (next, other)
        }
        return ordered(small, large)
    }

    private static func ordered(_ first: Int, _ second: Int) -> (small: Int, large: Int) {
        (min(first, second), max(first, second))
    }
}
