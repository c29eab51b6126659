// SPDX-License-Identifier: Apache-2.0

import ACEStep
import Foundation
import Testing
import Torch

import Training

@Suite("The code of positions")
struct PositionCodeTests {
    @Test("Frames of ten seconds are told apart, neighbours least")
    func distinct() throws {
        let frames = 250
        let code = try PositionCode.code(frames: frames, channels: 64)
        let likeness = try code.matmul(code.transpose(0, 1)).floats()
        for row in 0..<frames {
            let own = likeness[row * frames + row]
            #expect(abs(own - 32) < 1e-3)
            for column in 0..<frames where column != row {
                let limit: Float = abs(column - row) < 10 ? 0.97 : 0.35
                #expect(likeness[row * frames + column] < own * limit)
            }
        }
    }
}
