"""The refusals of the product chain, until they stand in `ledger/refusals.py`.

`product-1` release tests, `product-2` the final sterility culture, `product-3` chain of identity, `product-4` custody
and temperature, `product-5` the account of the cells, `product-6` limits on the sum over a recipient's infusions.
"""

from ledger.errors import Malformed, Refused, Unknown


class WrongUnit(Malformed):
    """The result is not in the unit of the protocol's limit."""

    rule = "product-1"


class ProductUnknown(Refused):
    """The product is not on record."""

    rule = "G.4-4"


class NotManufactured(Refused):
    """The product's manufacture is not on record, or it failed."""

    rule = "product-1"


class ReleaseTestMissing(Refused):
    """A release test of the protocol is not recorded, or cannot be judged yet."""

    rule = "product-1"


class ReleaseTestFailed(Refused):
    """The result of a release test is outside the protocol's limit."""

    rule = "product-1"


class ProductRejected(Refused):
    """The product is rejected."""

    rule = "product-1"


class SterilityPositive(Refused):
    """The final sterility culture of the product is positive."""

    rule = "product-2"


class LateSterilityPending(Refused):
    """The final sterility culture is not in; the product can be released conditionally only."""

    rule = "product-2"


class LateSterilityKnown(Refused):
    """No final sterility culture is waited for; a release is not conditional."""

    rule = "product-2"


class LateSterilityTooEarly(Refused):
    """A negative culture was reported before the protocol's days were over; it does not count as final."""

    rule = "product-2"


class ChainOfIdentityBroken(Refused):
    """The chain of identity, the donor and the recipient do not belong together."""

    rule = "product-3"


class RecipientDiffers(Refused):
    """The product is meant for another patient, or for none yet."""

    rule = "product-3"


class CustodyBroken(Refused):
    """The product was handed over by another party than the one that held it."""

    rule = "product-4"


class NotInCustodyOfSite(Refused):
    """No cells of the product are in the custody of the patient's site."""

    rule = "product-4"


class ExcursionUnresolved(Refused):
    """The product was too warm, and no disposition was signed since."""

    rule = "product-4"


class ProductIsDestroyed(Refused):
    """The product, or the bag, was destroyed."""

    rule = "product-5"


class BagNotOnRecord(Refused):
    """The product has no bag of this name."""

    rule = "product-5"


class CellsTooFew(Refused):
    """Fewer cells of the product are left than are asked for."""

    rule = "product-5"


class SumOverLimit(Refused):
    """With this infusion the sum over the patient's infusions is not within the protocol's limit."""

    rule = "product-6"


class SumNotKnown(Refused):
    """What the protocol limits over the patient's infusions is not known of this product or of an earlier infusion."""

    rule = "product-6"


class NoSuchProduct(Unknown):
    """There is no such product."""

    rule = "unknown-product"
