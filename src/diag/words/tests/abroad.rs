//! Sentences of Windows in German and French.

use super::{named, read};

#[test]
fn german_and_french_windows_are_understood_for_the_commonest_errors() {
    let rows = [
        (
            "Es konnte keine Verbindung mit dem Remotecomputer hergestellt werden, daher wurde der für diese Verbindung verwendete Port geschlossen.",
            "RAS ERROR_PORT_DISCONNECTED",
        ),
        (
            "Impossible d'établir une connexion à l'ordinateur distant. Le port utilisé pour cette connexion a été fermé.",
            "RAS ERROR_PORT_DISCONNECTED",
        ),
        ("Die Verbindung wurde vom Remotecomputer geschlossen.", "RAS ERROR_REMOTE_DISCONNECTION"),
        ("La connexion a été fermée par l'ordinateur distant.", "RAS ERROR_REMOTE_DISCONNECTION"),
        ("Der Remoteserver antwortet nicht rechtzeitig.", "RAS ERROR_REQUEST_TIMEOUT"),
        ("Le serveur distant ne répond pas dans les délais.", "RAS ERROR_REQUEST_TIMEOUT"),
        (
            "La connexion à distance a été refusée car la combinaison nom d'utilisateur/mot de passe que vous avez fournie n'est pas reconnue ou le protocole d'authentification sélectionné n'est pas autorisé sur le serveur d'accès distant.",
            "RAS ERROR_AUTHENTICATION_FAILURE",
        ),
        (
            "Der Zugriff wurde verweigert, da der Benutzername, das Kennwort oder beides in der Domäne ungültig ist.",
            "RAS ERROR_AUTHENTICATION_FAILURE",
        ),
        ("Die Verbindung wurde beendet, da der Remotecomputer nicht rechtzeitig geantwortet hat.", "RAS ERROR_PPP_TIMEOUT"),
        ("La connexion a été interrompue car l’ordinateur distant n’a pas répondu dans les délais.", "RAS ERROR_PPP_TIMEOUT"),
        (
            "Es konnte keine Verbindung mit dem Remotecomputer hergestellt werden. Möglicherweise müssen die Netzwerkeinstellungen für diese Verbindung geändert werden.",
            "RAS ERROR_PPP_NO_PROTOCOLS_CONFIGURED",
        ),
        (
            "Impossible d'établir une connexion à l'ordinateur distant. Vous devrez peut-être modifier les paramètres réseau de cette connexion.",
            "RAS ERROR_PPP_NO_PROTOCOLS_CONFIGURED",
        ),
        ("Das PPP-Verbindungssteuerungsprotokoll wurde beendet.", "RAS ERROR_PPP_LCP_TERMINATED"),
        ("Le protocole de contrôle de liaison PPP a été arrêté.", "RAS ERROR_PPP_LCP_TERMINATED"),
        ("Der lokale Computer unterstützt den erforderlichen Datenverschlüsselungstyp nicht.", "RAS ERROR_NO_LOCAL_ENCRYPTION"),
        ("L’ordinateur local ne prend pas en charge le chiffrement.", "RAS ERROR_NO_LOCAL_ENCRYPTION"),
        ("Der Remoteserver unterstützt keine Verschlüsselung.", "RAS ERROR_NO_REMOTE_ENCRYPTION"),
        ("Le serveur distant ne prend pas en charge le chiffrement.", "RAS ERROR_NO_REMOTE_ENCRYPTION"),
        (
            "Beim L2TP-Verbindungsversuch ist ein Fehler aufgetreten, weil bei der Sicherheitsschicht während der ersten Aushandlung mit dem Remotecomputer ein Verarbeitungsfehler aufgetreten ist.",
            "RAS ERROR_OAKLEY_GENERAL_PROCESSING",
        ),
        (
            "La tentative de connexion L2TP a échoué car la couche de sécurité a rencontré une erreur de traitement lors des négociations initiales avec l’ordinateur distant.",
            "RAS ERROR_OAKLEY_GENERAL_PROCESSING",
        ),
        (
            "Die VPN-Verbindung kann nicht hergestellt werden. Der VPN-Server ist möglicherweise nicht erreichbar.",
            "RAS ERROR_AUTOMATIC_VPN_FAILED",
        ),
        (
            "Impossible d’établir la connexion VPN. Le serveur VPN est peut-être inaccessible ou les paramètres de sécurité ne sont peut-être pas configurés correctement pour cette connexion.",
            "RAS ERROR_AUTOMATIC_VPN_FAILED",
        ),
        (
            "Eine Verbindung zwischen Ihrem Computer und dem VPN-Server wurde gestartet, aber die VPN-Verbindung kann nicht hergestellt werden.",
            "RAS ERROR_VPN_GRE_BLOCKED",
        ),
        (
            "Une connexion entre votre ordinateur et le serveur VPN a été démarrée, mais la connexion VPN ne peut pas être effectuée.",
            "RAS ERROR_VPN_GRE_BLOCKED",
        ),
        (
            "Die Netzwerkverbindung zwischen Ihrem Computer und dem VPN-Server konnte nicht hergestellt werden, da der Remoteserver nicht reagiert.",
            "RAS ERROR_VPN_TIMEOUT",
        ),
        (
            "La connexion réseau entre votre ordinateur et le serveur VPN n’a pas pu être établie car le serveur distant ne répond pas.",
            "RAS ERROR_VPN_TIMEOUT",
        ),
        ("Die Verbindung wurde aufgrund einer auf dem RAS-/VPN-Server konfigurierten Richtlinie verhindert.", "RAS ERROR_SERVER_POLICY"),
        ("La connexion a été empêchée en raison d’une stratégie configurée sur votre serveur RAS/VPN.", "RAS ERROR_SERVER_POLICY"),
        (
            "Die Remoteverbindung wurde nicht hergestellt, da der Name des RAS-Servers nicht aufgelöst wurde.",
            "RAS ERROR_DNSNAME_NOT_RESOLVABLE",
        ),
        (
            "La connexion à distance n’a pas été établie, car le nom du serveur d’accès à distance n’a pas été résolu.",
            "RAS ERROR_DNSNAME_NOT_RESOLVABLE",
        ),
        (
            "Eine Zertifikatkette wurde zwar verarbeitet, endete jedoch mit einem Stammzertifikat, das beim Vertrauensanbieter nicht als vertrauenswürdig gilt.",
            "CryptoAPI CERT_E_UNTRUSTEDROOT",
        ),
        (
            "Une chaîne de certificats a été traitée mais s'est terminée par un certificat racine qui n'est pas approuvé par le fournisseur d'approbation.",
            "CryptoAPI CERT_E_UNTRUSTEDROOT",
        ),
        ("Der CN-Name des Zertifikats stimmt nicht mit dem übergebenen Wert überein.", "CryptoAPI CERT_E_CN_NO_MATCH"),
        ("Le nom commun du certificat ne correspond pas à la valeur transmise.", "CryptoAPI CERT_E_CN_NO_MATCH"),
        (
            "Ein erforderliches Zertifikat befindet sich nicht im Gültigkeitszeitraum gemessen an der aktuellen Systemzeit oder dem Zeitstempel in der signierten Datei.",
            "CryptoAPI CERT_E_EXPIRED",
        ),
        (
            "Un certificat requis n'est pas dans sa période de validité selon la vérification par rapport à l'horloge système en cours.",
            "CryptoAPI CERT_E_EXPIRED",
        ),
        ("Die Sperrfunktion konnte die Sperrung nicht überprüfen, da der Sperrserver offline war.", "CryptoAPI CRYPT_E_REVOCATION_OFFLINE"),
        (
            "La fonction de révocation n'a pas pu vérifier la révocation car le serveur de révocation était hors connexion.",
            "CryptoAPI CRYPT_E_REVOCATION_OFFLINE",
        ),
        ("Der Sperrstatus konnte nicht überprüft werden.", "CryptoAPI CRYPT_E_REVOCATION_OFFLINE"),
        (
            "La fonction de révocation n'a pas pu vérifier la révocation, car le serveur de révocation était déconnecté.",
            "CryptoAPI CRYPT_E_REVOCATION_OFFLINE",
        ),
        ("Die Remoteverbindung wurde aufgrund von VPN-Tunnelfehlern nicht hergestellt.", "RAS ERROR_AUTOMATIC_VPN_FAILED"),
        (
            "Die Verbindung wurde aufgrund einer Richtlinie verhindert, die auf dem RAS/VPN-Server konfiguriert ist.",
            "RAS ERROR_SERVER_POLICY",
        ),
        ("Der angegebene Netzwerkname ist nicht mehr verfügbar.", "Win32 ERROR_NETNAME_DELETED"),
        ("Le nom réseau spécifié n'est plus disponible.", "Win32 ERROR_NETNAME_DELETED"),
    ];
    for (text, row) in rows {
        assert!(!named(text).is_empty() && named(text).iter().all(|it| it == row), "{text}: {:?}", named(text));
    }
    let note = |text: &str| read(text, &[]).notes.join(" ");
    assert!(
        note("Das PPP-Verbindungssteuerungsprotokoll wurde beendet und die Verbindung getrennt.")
            .contains("nobody has met it in print: unverified")
    );
    assert!(note("Le serveur distant ne prend pas en charge le chiffrement.").contains("from Microsoft's pages in French"));
    assert!(!note("Le nom réseau spécifié n'est plus disponible.").contains("unverified"));
}
