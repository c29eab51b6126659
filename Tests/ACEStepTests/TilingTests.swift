// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Testing

@Suite("Tiling")
struct TilingTests {
    @Test("Tiles cover every frame once, in order, with context on both sides", arguments: 1...40)
    func cover(length: Int) {
        let tiles = Tiling(frames: 7, context: 3).tiles(length: length)
        #expect(tiles.flatMap { Array($0.kept) } == Array(0..<length))
        for tile in tiles {
            #expect(tile.computed.lowerBound == max(0, tile.kept.lowerBound - 3))
            #expect(tile.computed.upperBound == min(length, tile.kept.upperBound + 3))
            #expect(tile.kept.count <= 7)
        }
    }
}
