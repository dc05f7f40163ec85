"""The core @context (CIM 009 §4.4 and Annex B), built from tables of its terms; no network is needed to know it.

Versions 1.3 to 1.9 only added terms, and the broker's own core context always takes precedence (§5.5.7), so all of
them are answered by the newest.
"""

import re
from typing import Any, Final

NGSI: Final = "https://uri.etsi.org/ngsi-ld/"
DEFAULT: Final = f"{NGSI}default-context/"
GEOJSON: Final = "https://purl.org/geojson/vocab#"
URL: Final = f"{NGSI}v1/ngsi-ld-core-context-v1.9.jsonld"
IS_CORE: Final = re.compile(r"https?://uri\.etsi\.org/ngsi-ld/v1/ngsi-ld-core-context(-v1\.[3-9])?\.jsonld")

ATTRIBUTE_TYPES: Final = (
    "Property", "Relationship", "GeoProperty", "LanguageProperty", "VocabProperty", "JsonProperty", "ListProperty",
    "ListRelationship",
)  # fmt: skip
GEOMETRIES: Final = (
    "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon", "GeometryCollection",
)  # fmt: skip

_TYPES = """
    Attribute AttributeList ContextSourceIdentity ContextSourceNotification ContextSourceRegistration Date
    DateTime EntityType EntityTypeInfo EntityTypeList Notification Subscription TemporalProperty Time
"""
_PLAIN = """
    accept attrs cacheDuration contextSourceAlias contextSourceInfo contextSourceUptime cooldown csf data detail
    endpoint entities entity entityCount error errors expandValues format geoQ geoproperty georel idPattern
    information isActive join jsonKeys lang linkedMaps localOnly location management managementInterval mode
    notification notificationTrigger notifierInfo notUpdated observationInterval observationSpace omit
    operationSpace operations pick q reason receiverInfo refreshRate registrationId registrationName scope scopeQ showChanges
    status subscriptionName sysAttrs temporalQ throttling timeInterval timeout timeproperty timerel timesFailed
    timesSent triggerReason unchanged unitCode updated uri
"""
_TIMES = """
    contextSourceTimeAt createdAt deletedAt endAt endTimeAt expiresAt lastFailure lastNotification lastSuccess
    modifiedAt notifiedAt observedAt startAt timeAt
"""
_IDS = "datasetId entityId instanceId subscriptionId success tenant"
_NAMES = """
    attributeList attributeName attributeNames attributeTypes attributes propertyNames relationshipNames
    typeList typeName typeNames watchedAttributes
"""
_LISTS = "avg distinctCount entityList jsons max min stddev sum sumsq totalCount"
_RENAMED: dict[str, Any] = {
    "containedBy": "isContainedBy",
    "dataset": {"@id": "hasDataset", "@container": "@index"},
    "entityMap": "hasEntityMap",
    "joinLevel": "hasJoinLevel",
    "json": {"@id": "hasJSON", "@type": "@json"},
    "key": "hasKey",
    "languageMap": {"@id": "hasLanguageMap", "@container": "@language"},
    "languageMaps": {"@id": "hasLanguageMaps", "@container": "@list"},
    "object": {"@id": "hasObject", "@type": "@id"},
    "objectList": {"@id": "hasObjectList", "@container": "@list"},
    "objects": {"@id": "hasObjects", "@container": "@list"},
    "objectsLists": {"@id": "hasObjectsLists", "@container": "@list"},
    "objectType": {"@id": "hasObjectType", "@type": "@vocab"},
    "previousJson": {"@id": "hasPreviousJson", "@type": "@json"},
    "previousLanguageMap": {"@id": "hasPreviousLanguageMap", "@container": "@language"},
    "previousObject": {"@id": "hasPreviousObject", "@type": "@id"},
    "previousObjectList": {"@id": "hasPreviousObjectList", "@container": "@list"},
    "previousValue": "hasPreviousValue",
    "previousValueList": {"@id": "hasPreviousValueList", "@container": "@list"},
    "previousVocab": {"@id": "hasPreviousVocab", "@type": "@vocab"},
    "value": "hasValue",
    "valueList": {"@id": "hasValueList", "@container": "@list"},
    "valueLists": {"@id": "hasValueLists", "@container": "@list"},
    "values": {"@id": "hasValues", "@container": "@list"},
    "vocab": {"@id": "hasVocab", "@type": "@vocab"},
    "vocabs": {"@id": "hasVocabs", "@container": "@list"},
}


def document() -> dict[str, Any]:
    """The core context as a JSON-LD document."""
    terms: dict[str, Any] = {
        "@version": 1.1,
        "@protected": True,
        "ngsi-ld": NGSI,
        "geojson": GEOJSON,
        "id": "@id",
        "type": "@type",
    }
    for term in (*ATTRIBUTE_TYPES, *_TYPES.split(), *_PLAIN.split()):
        terms[term] = f"ngsi-ld:{term}"
    for term in (*GEOMETRIES, "Feature", "FeatureCollection", "geometry", "geometryProperty", "properties"):
        terms[term] = f"geojson:{term}"
    for term in _TIMES.split():
        terms[term] = {"@id": f"ngsi-ld:{term}", "@type": "DateTime"}
    for term in _IDS.split():
        terms[term] = {"@id": f"ngsi-ld:{term}", "@type": "@id"}
    for term in _NAMES.split():
        terms[term] = {"@id": f"ngsi-ld:{term}", "@type": "@vocab"}
    for term in _LISTS.split():
        terms[term] = {"@id": f"ngsi-ld:{term}", "@container": "@list"}
    for term, renamed in _RENAMED.items():
        terms[term] = (
            f"ngsi-ld:{renamed}" if isinstance(renamed, str) else {**renamed, "@id": f"ngsi-ld:{renamed['@id']}"}
        )
    terms |= {
        "bbox": {"@id": "geojson:bbox", "@container": "@list"},
        "coordinates": {"@id": "geojson:coordinates", "@container": "@list"},
        "features": {"@id": "geojson:features", "@container": "@set"},
        "contextSourceExtras": {"@id": "ngsi-ld:contextSourceExtras", "@type": "@json"},
        "description": "http://purl.org/dc/terms/description",
        "title": "http://purl.org/dc/terms/title",
        "attributeCount": "attributeCount",
        "attributeDetails": "attributeDetails",
        "@vocab": DEFAULT,
    }
    return {"@context": terms}
