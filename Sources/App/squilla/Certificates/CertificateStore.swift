import Foundation
import Glibc
import Reactor

/// The certificates that the authority gave, in the data folder: chain and key of each in one file, replaced whole, so
/// that no reader sees one without the other.
struct CertificateStore: Sendable {
    let folder: String

    init(dataFolder: String) { folder = dataFolder + "/certificates" }

    /// - Parameter names: the first one names the file.
    func path(of names: [String]) -> String {
        folder + "/" + (names.first ?? "").replacingOccurrences(of: "*", with: "_") + ".pem"
    }

    private var accountPath: String { folder + "/account.key" }

    /// Puts a certificate that no authority knows where there is none yet, so that its listener can start.
    func prepare(_ names: [String]) throws {
        guard read(path(of: names)) == nil else { return }
        do {
            try makeFolder()
            let key = try TLSSigningKey()
            try write(try key.selfSigned(for: names) + key.pem(), path(of: names))
        } catch {
            throw Failure("\(path(of: names)): cannot be written: \(error)")
        }
    }

    /// Nil where there is no certificate.
    func facts(of names: [String]) -> TLSCertificateFacts? {
        read(path(of: names)).flatMap { TLSCertificateFacts(pem: $0) }
    }

    /// Whether the stored certificate is for all these names; one of before a change of the configuration may not be.
    func covers(_ names: [String]) -> Bool {
        read(path(of: names)).map { TLSCertificateFacts.names(names, in: $0) } ?? false
    }

    func store(_ chain: [UInt8], key: TLSSigningKey, for names: [String]) throws {
        try write(chain + [0x0A] + key.pem(), path(of: names))
    }

    /// The account's key, made with the first order.
    func accountKey() throws -> TLSSigningKey {
        if let known = read(accountPath) { return try TLSSigningKey(pem: known) }
        try makeFolder()
        let key = try TLSSigningKey()
        try write(try key.pem(), accountPath)
        return key
    }

    private func makeFolder() throws { try DataFolder.create(folder) }

    private func read(_ path: String) -> [UInt8]? { FileManager.default.contents(atPath: path).map { Array($0) } }

    private func write(_ bytes: [UInt8], _ path: String) throws {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Failure("\(temporary): \(String(cString: strerror(errno)))") }
        let count = Glibc.write(descriptor, bytes, bytes.count)
        let isWhole = count == bytes.count && fsync(descriptor) == 0
        close(descriptor)
        guard isWhole, rename(temporary, path) == 0 else {
            throw Failure("\(path): \(String(cString: strerror(errno)))")
        }
    }
}
