// SPDX-License-Identifier: Apache-2.0

extension Duration {
    /// The duration in seconds.
    package var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}

extension ContinuousClock.Instant {
    /// How long ago this instant was.
    package var secondsUntilNow: Double { (ContinuousClock.now - self).inSeconds }
}
