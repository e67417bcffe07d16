import Foundation

/// Certificates of a test authority, valid for a hundred years, as files in a folder of their own.
final class TestCertificates {
    let folder: String

    init() {
        folder = FileManager.default.temporaryDirectory.appending(path: "squilla-tls-\(UUID().uuidString)").path
        mkdir(folder, 0o700)
        for (name, text) in TestCertificates.files { write(name, text) }
    }

    deinit {
        for (name, _) in TestCertificates.files { unlink(path(name)) }
        unlink(path("other"))
        rmdir(folder)
    }

    func path(_ name: String) -> String { "\(folder)/\(name)" }

    func write(_ name: String, _ text: String) {
        guard let file = fopen(path(name), "w") else { return }
        fputs(text, file)
        fclose(file)
    }

    private static let files = [
        (
            "ca.pem",
            """
            -----BEGIN CERTIFICATE-----
            MIIBuTCCAV+gAwIBAgIUOVIzts+x+yKzTm14pVNPiI45l0owCgYIKoZIzj0EAwIw
            MTEWMBQGA1UECgwNU3F1aWxsYSB0ZXN0czEXMBUGA1UEAwwOVGVzdCBhdXRob3Jp
            dHkwIBcNMjYxMTI1MTQxMTQ5WhgPMjEyNjExMDExNDExNDlaMDExFjAUBgNVBAoM
            DVNxdWlsbGEgdGVzdHMxFzAVBgNVBAMMDlRlc3QgYXV0aG9yaXR5MFkwEwYHKoZI
            zj0CAQYIKoZIzj0DAQcDQgAEvv61hT6n5fSGNf95eRN67HlRTeCsbx1PoIQaJ3Ax
            KH3uNJKLpOApJg1fL+8P0QfSfImKmoe6QE/m6NYV+XNTWKNTMFEwHQYDVR0OBBYE
            FPMNN1TshN9rZkvcR3/d7dHWD4waMB8GA1UdIwQYMBaAFPMNN1TshN9rZkvcR3/d
            7dHWD4waMA8GA1UdEwEB/wQFMAMBAf8wCgYIKoZIzj0EAwIDSAAwRQIgATIjnaou
            1P6WsdvEaUhOOdwbY1Dqj/hqTyGGiUjLXu0CIQCaL/7Bt25D/vvDlypCVJ9hNpoM
            xemXaCoAGIM4jGeJyQ==
            -----END CERTIFICATE-----

            """
        ),
        (
            "edge.pem",
            """
            -----BEGIN CERTIFICATE-----
            MIIBujCCAWCgAwIBAgIUBzf4UJDQL5+3hoeNJT0nK+DKngcwCgYIKoZIzj0EAwIw
            MTEWMBQGA1UECgwNU3F1aWxsYSB0ZXN0czEXMBUGA1UEAwwOVGVzdCBhdXRob3Jp
            dHkwIBcNMjYxMTI1MTQxMTQ5WhgPMjEyNjExMDExNDExNDlaMCcxFjAUBgNVBAoM
            DVNxdWlsbGEgdGVzdHMxDTALBgNVBAMMBGVkZ2UwWTATBgcqhkjOPQIBBggqhkjO
            PQMBBwNCAAQfOgduqW12JkYCA8rLnPls8AR63NCJSs3xvP0yDaFTdpaHw9kBUTOh
            jDEEyF5+WF5UuzNZKDdHlRtjYcqjrSUao14wXDAaBgNVHREEEzARggllZGdlLnRl
            c3SHBH8AAAEwHQYDVR0OBBYEFKu+WSngT9KospBEG0jqd6om20sYMB8GA1UdIwQY
            MBaAFPMNN1TshN9rZkvcR3/d7dHWD4waMAoGCCqGSM49BAMCA0gAMEUCIQDbE8aX
            vtW11ooH41At7jKQhxl1snjqTz/u9qPNcVvjCgIgBwdaXhPPxOn8/GcCiH96Ctsq
            dbdn4FQ0RhPBw5L2T+U=
            -----END CERTIFICATE-----

            """
        ),
        (
            "edge.key",
            """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1BpQzOD8HelCgXra
            t+WcOdiAuF0jNeL+7iY3H8IuhVOhRANCAAQfOgduqW12JkYCA8rLnPls8AR63NCJ
            Ss3xvP0yDaFTdpaHw9kBUTOhjDEEyF5+WF5UuzNZKDdHlRtjYcqjrSUa
            -----END PRIVATE KEY-----

            """
        ),
        (
            "wild.pem",
            """
            -----BEGIN CERTIFICATE-----
            MIIBtTCCAVygAwIBAgIUBzf4UJDQL5+3hoeNJT0nK+DKnggwCgYIKoZIzj0EAwIw
            MTEWMBQGA1UECgwNU3F1aWxsYSB0ZXN0czEXMBUGA1UEAwwOVGVzdCBhdXRob3Jp
            dHkwIBcNMjYxMTI1MTQxMTQ5WhgPMjEyNjExMDExNDExNDlaMCcxFjAUBgNVBAoM
            DVNxdWlsbGEgdGVzdHMxDTALBgNVBAMMBHdpbGQwWTATBgcqhkjOPQIBBggqhkjO
            PQMBBwNCAASc9J4Cju/RyF9rqyIMn3VmBiUe2tUVCYb+bOOnebDbcK9QTaRgYgL3
            KpOkWTCnckWlfy/sGnWK8pv2DEq608i3o1owWDAWBgNVHREEDzANggsqLndpbGQu
            dGVzdDAdBgNVHQ4EFgQUIVZT222+7Komo/YLBJn9Ej+FOVQwHwYDVR0jBBgwFoAU
            8w03VOyE32tmS9xHf93t0dYPjBowCgYIKoZIzj0EAwIDRwAwRAIgGEo5Brzumwpb
            38Wb0TtKoPV7PzXGn2SBy54P8fkJDS0CICSLYm1YFGHilF6vkS5//LnZYlZctAPY
            JJr6fSmDahDj
            -----END CERTIFICATE-----

            """
        ),
        (
            "wild.key",
            """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgmlSeknzjiYKKgwnf
            urIUPj+lBWV/Q+bxwtd2lvuPjFKhRANCAASc9J4Cju/RyF9rqyIMn3VmBiUe2tUV
            CYb+bOOnebDbcK9QTaRgYgL3KpOkWTCnckWlfy/sGnWK8pv2DEq608i3
            -----END PRIVATE KEY-----

            """
        ),
        (
            "client.pem",
            """
            -----BEGIN CERTIFICATE-----
            MIIBuDCCAV6gAwIBAgIUBzf4UJDQL5+3hoeNJT0nK+DKngkwCgYIKoZIzj0EAwIw
            MTEWMBQGA1UECgwNU3F1aWxsYSB0ZXN0czEXMBUGA1UEAwwOVGVzdCBhdXRob3Jp
            dHkwIBcNMjYxMTI1MTQxMTQ5WhgPMjEyNjExMDExNDExNDlaMCkxFjAUBgNVBAoM
            DVNxdWlsbGEgdGVzdHMxDzANBgNVBAMMBmNsaWVudDBZMBMGByqGSM49AgEGCCqG
            SM49AwEHA0IABFODTdAb5kEsWr9a4pKfIhIn0aoG6+RbB6tBZuX0XK6/wGmwmpB+
            R9Xccw3A7bFu/7bx9keMgoYIM0vwSycq6OWjWjBYMBYGA1UdEQQPMA2CC2NsaWVu
            dC50ZXN0MB0GA1UdDgQWBBRJfLCtxPhMy0N6opHIRLgXDfO8OzAfBgNVHSMEGDAW
            gBTzDTdU7ITfa2ZL3Ed/3e3R1g+MGjAKBggqhkjOPQQDAgNIADBFAiEA9LbcgAes
            BpKJt9qUi0POPzuVgBWOYn4PcJ2BJmm09GUCIDAa6uzfdQUzjKf+RSOti87apGsa
            9Q/7Gl6B9arw9+XG
            -----END CERTIFICATE-----

            """
        ),
        (
            "client.key",
            """
            -----BEGIN PRIVATE KEY-----
            MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQga6f6b7KMZPIQK5yf
            vJuq5jdDhe+b0WOcAZRdRwJCfNOhRANCAARTg03QG+ZBLFq/WuKSnyISJ9GqBuvk
            WwerQWbl9Fyuv8BpsJqQfkfV3HMNwO2xbv+28fZHjIKGCDNL8EsnKujl
            -----END PRIVATE KEY-----

            """
        ),
    ]
}
