"""Who we are to the ROR: the four headers that every read carries (ROR-API 4.2)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RorProfile:
    """User profile and business role, as the ANS hands them over with the client id."""

    user_profile_code: str
    """Use case (profil utilisateur), such as ``CU20``."""
    user_profile_system: str
    """OID of its nomenclature."""
    role_code: str
    """Business role (rôle métier), such as ``AUTOMATE``."""
    role_system: str
    """OID of its nomenclature."""

    def headers(self) -> dict[str, str]:
        """Give the four mandatory headers."""
        return {
            "Ror-Profil-Utilisateur-Code": self.user_profile_code,
            "Ror-Profil-Utilisateur-System": self.user_profile_system,
            "Ror-Role-Metier-Code": self.role_code,
            "Ror-Role-Metier-System": self.role_system,
        }
