//! Sentences of Windows in German, French, Spanish and Italian.
//!
//! What stands in `PRINTED` was met in what Windows itself printed, in logs and reports that others made public. `TRANSLATED` is the wording of
//! Microsoft's own pages in that language (RRAS error codes, Always On VPN, WinHTTP, trust return values), which is near to that of the dialogue;
//! that the dialogue has exactly these words is unverified.

use super::Row;

/// Met in what Windows printed.
#[rustfmt::skip]
pub(super) const PRINTED: &[Row] = &[
    ("kombination aus benutzername und kennwort nicht erkannt", "ERROR_AUTHENTICATION_FAILURE"),
    ("authentifizierungsprotokoll nicht für den ras-server zulässig", "ERROR_AUTHENTICATION_FAILURE"),
    ("endete jedoch mit einem stammzertifikat das beim vertrauensanbieter nicht", "CERT_E_UNTRUSTEDROOT"),
    ("konnte die sperrung nicht überprüfen da der sperrserver offline war", "CRYPT_E_REVOCATION_OFFLINE"),
    ("vorhandene verbindung wurde vom remotehost geschlossen", "WSAECONNRESET"),
    ("da der zielcomputer die verbindung verweigerte", "WSAECONNREFUSED"),
    ("verbindungsversuch ist fehlgeschlagen da die gegenstelle", "WSAETIMEDOUT"),
    ("remotecomputer hat die netzwerkverbindung abgelehnt", "ERROR_CONNECTION_REFUSED"),
    ("da sie keinen gemeinsamen algorithmus besitzen", "SEC_E_ALGORITHM_MISMATCH"),
    ("est terminée par un certificat racine qui n est pas approuvé", "CERT_E_UNTRUSTEDROOT"),
    ("vérifier la révocation car le serveur de révocation était hors connexion", "CRYPT_E_REVOCATION_OFFLINE"),
    ("connexion existante a dû être fermée par l hôte distant", "WSAECONNRESET"),
    ("car l ordinateur cible l a expressément refusée", "WSAECONNREFUSED"),
    ("tentative de connexion a échoué car le parti connecté", "WSAETIMEDOUT"),
    ("termina en un certificado de raíz no compatible con el proveedor de confianza", "CERT_E_UNTRUSTEDROOT"),
    ("interrupción de una conexión existente por el host remoto", "WSAECONNRESET"),
    ("ya que el equipo de destino denegó expresamente dicha conexión", "WSAECONNREFUSED"),
    ("connessione in corso interrotta forzatamente dall host remoto", "WSAECONNRESET"),
    ("rifiuto persistente del computer di destinazione", "WSAECONNREFUSED"),
];

/// From Microsoft's pages; unverified as the wording of the dialogue.
#[rustfmt::skip]
pub(super) const TRANSLATED: &[Row] = &[
    ("das angegebene konto ist abgelaufen", "ERROR_ACCT_EXPIRED"),
    ("der server hat keine adresse zugewiesen", "ERROR_PPP_NO_ADDRESS_ASSIGNED"),
    ("die angeforderte adresse wurde vom server abgelehnt", "ERROR_PPP_REQUIRED_ADDRESS_REJECTED"),
    ("da die versuchten vpn-tunnel fehlgeschlagen", "ERROR_AUTOMATIC_VPN_FAILED"),
    ("weil die versuchten vpn-tunnel fehlgeschlagen", "ERROR_AUTOMATIC_VPN_FAILED"),
    ("konnte nicht hergestellt werden da der remoteserver die verbindung verweigert hat", "ERROR_VPN_REFUSED"),
    ("konnte nicht hergestellt werden weil der remoteserver die verbindung verweigert hat", "ERROR_VPN_REFUSED"),
    ("konnte nicht hergestellt werden da der remoteserver nicht antwortet", "ERROR_VPN_TIMEOUT"),
    ("konnte nicht hergestellt werden weil der remoteserver nicht antwortet", "ERROR_VPN_TIMEOUT"),
    ("konnte nicht hergestellt werden da der remoteserver nicht reagiert", "ERROR_VPN_TIMEOUT"),
    ("der name des ras-servers nicht aufgelöst", "ERROR_DNSNAME_NOT_RESOLVABLE"),
    ("cn-name des zertifikats", "CERT_E_CN_NO_MATCH"),
    ("konnte die sperrung für das zertifikat nicht überprüfen", "CRYPT_E_NO_REVOCATION_CHECK"),
    ("konnte die sperrung des zertifikats nicht überprüfen", "CRYPT_E_NO_REVOCATION_CHECK"),
    ("n est pas autorisé à se connecter à cette heure de la journée", "ERROR_RESTRICTED_LOGON_HOURS"),
    ("le compte spécifié est désactivé", "ERROR_ACCT_DISABLED"),
    ("le mot de passe spécifié a expiré", "ERROR_PASSWD_EXPIRED"),
    ("ne dispose pas des autorisations d accès à distance", "ERROR_NO_DIALIN_PERMISSION"),
    ("le mot de passe ou les deux ne sont pas valides sur le domaine", "ERROR_AUTHENTICATION_FAILURE"),
    ("terminata in un certificato radice non attendibile", "CERT_E_UNTRUSTEDROOT"),
    ("terminata in un certificato radice non considerato attendibile", "CERT_E_UNTRUSTEDROOT"),
    ("votre ordinateur et le serveur vpn a été interrompue", "ERROR_VPN_DISCONNECT"),
    ("n a pas pu être établie car le serveur distant ne répond pas", "ERROR_VPN_TIMEOUT"),
];
