// SPDX-License-Identifier: Apache-2.0

/// Music that an autoencoder is trained on: an endless row of crops, each a function of its number.
///
/// Who stops and goes on asks for the numbers that are left: there is no state.
package protocol CropSource {
    /// What the crops are made of; a run goes on only with the same.
    var identity: String { get }

    /// A crop.
    ///
    /// - Parameters:
    ///   - number: which one.
    ///   - length: samples of a channel.
    /// - Returns: one channel after the other.
    /// - Throws: what keeps it from being made.
    func crop(_ number: Int, length: Int) throws -> [Float]
}
