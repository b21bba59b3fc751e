"""The names that shops and their vendors give to the fields of events and items, likeliest first."""

from __future__ import annotations

import re
from collections.abc import Mapping

from affinity_search.sniffing.columns import simple

__all__ = ["ATTRIBUTE_WORDS", "EVENT_NAMES", "ITEM_NAMES", "KEPT_WORDS", "place_of"]


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


EVENT_NAMES: Mapping[str, tuple[str, ...]] = {
    "user": _names(
        "user userid customerid customer visitorid visitor clientid memberid shopperid shopper accountid buyerid "
        "personid profileid contactid uid domainuserid networkuserid userpseudoid anonymousid anonymoususerid anonid "
        "usertoken distinctid fullvisitorid cookieid deviceid uuid client username customeremail useremail email "
        "sessionid usersession session "
        "kunde kundenid kundennummer kundennr nutzer nutzerid benutzer benutzerid besucher besucherid "
        "utilisateur idutilisateur idclient visiteur usuario idusuario cliente idcliente utente idutente klant klantid"
    ),
    "ts": _names(
        "ts timestamp eventtimestamp eventtime time datetime eventdatetime eventdate date createdat created occurredat "
        "originaltimestamp sentat receivedat derivedtstamp collectortstamp dvcecreatedtstamp datecreated "
        "datecreatedgmt clienttimestamp servertimestamp servertime hittimestamp orderdate orderedat purchasedat "
        "purchasedate processedat clicktime day dateday eventday loggedat when ordernumber "
        "zeit zeitpunkt zeitstempel datum bestelldatum uhrzeit horodatage fecha fechahora data dataora tijdstip"
    ),
    "type": _names(
        "type eventtype event eventname actionname action actiontype eventaction interactiontype interaction behavior "
        "behaviour behaviortype activity kind verb name ereignis aktion typ evenement accion tipo tipoevento azione "
        "actie"
    ),
    "item": _names(
        "item itemid productid product objectid sku articleid article productsku variantid skuid contentid itemsku "
        "contentids objectids movieid bookid goodsid offerid asin isbn ean gtin upc productcode productnumber "
        "itemnumber lineitemsku entityid documentid docid targetid recordid handle "
        "artikel artikelid artikelnummer artikelnr produkt produktid produit idproduit referenceproduit producto "
        "idproducto articulo prodotto idprodotto articolo codicearticolo productnummer"
    ),
    "group": _names(
        "group orderid transactionid transaction basketid cartid invoiceno invoice order checkoutid purchaseid "
        "bestellnummer bestellung commande pedido ordine"
    ),
    "quantity": _names("quantity qty lineitemquantity qtyordered itemquantity count menge anzahl quantite cantidad"),
    "price": _names("price itemprice unitprice lineitemprice productprice preis prix precio prezzo"),
    "id": _names("eventid messageid insertid eventuuid eventfingerprint"),
}
"""By field of an event, the names in the form of `simple`."""

ITEM_NAMES: Mapping[str, tuple[str, ...]] = {
    "id": _names(
        "id itemid productid objectid sku productsku handle asin articleid item product entityid variantsku skuid "
        "variantid movieid bookid isbn ean gtin upc code productcode productnumber itemnumber uid documentid docid "
        "goodsid offerid uniqid parentasin "
        "artikelnummer artikelnr artikelid artikel produktid produktnummer reference idproduit referencia idproducto "
        "codice codicearticolo idprodotto productnummer artikelcode"
    ),
    "title": _names(
        "title name productname producttitle itemname itemtitle productdisplayname displayname label "
        "productlabel heading bezeichnung artikelname produktname titel nom nomproduit titre libelle nombre "
        "nombreproducto titulo nome titolo naam naamproduct"
    ),
    "text": _names(
        "text description bodyhtml body longdescription productdescription details shortdescription summary "
        "plot overview abstract content itemdescription beschreibung produktbeschreibung descriptif descripcion "
        "descrizione omschrijving"
    ),
    "price": _names(
        "price saleprice currentprice regularprice variantprice unitprice sellingprice listprice retailprice "
        "actualprice finalprice priceamount pricevalue amount preis verkaufspreis prix precio prezzo prijs"
    ),
}
"""By field of an item, the names in the form of `simple`."""

ATTRIBUTE_WORDS = _names(
    "id ids code class type category categories cat department aisle group brand year size level genre genres tag tags"
)
"""A number in a column whose name ends in one of these stands for a value, and is no measure."""

KEPT_WORDS = _names(
    "url link image img images picture photo src thumbnail slug href date created updated modified createdat updatedat "
    "timestamp barcode gtin ean upc mpn stock inventory qty quantity rating ratings reviews reviewcount score rank "
    "currency position popularity weight grams sales sold views count price msrp cost version seo meta published "
    "availability instock"
)
"""Words in the name of a column that is displayed or sorted by, and is no taste."""


EMPTY_WORDS = frozenset(_names("id no nr number code product item line article tax excluded included excl incl de du"))
ARTICLES = re.compile(r"\b(?:de|du|des|del|della|di|der|la|le|les|von|van|of|the)\b", re.IGNORECASE)
LOCALE = re.compile(r"[-_ ](?:[a-z]{2}(?:[-_][A-Z]{2})?|[A-Z]{3})(?:[-_][a-z]+)?$")


def place_of(name: str, names: tuple[str, ...], *, loose: bool = False) -> int | None:
    """Where the name stands among the names, 0 for the likeliest; None where it does not.

    A path is looked up as a whole, by its last two steps, and by its last step, this one also without a language or a
    currency behind it, and without articles. With `loose` words such as `product` or `number` in it say nothing.
    """
    steps = name.split(".")
    forms = [name, ".".join(steps[-2:]), steps[-1], LOCALE.sub("", steps[-1]), ARTICLES.sub("", steps[-1])]
    if loose:
        forms.append("".join(word for word in re.findall(r"\w+", steps[-1]) if simple(word) not in EMPTY_WORDS))
    places = [names.index(form) for form in map(simple, forms) if form in names]
    return min(places, default=None)
