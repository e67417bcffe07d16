-- The winning bid of each auction.
SELECT id, itemName, initialBid, seller, category, auction, bidder, price, bid_dateTime
FROM (
  SELECT A.id, A.itemName, A.initialBid, A.seller, A.category, B.auction, B.bidder, B.price,
    B.dateTime AS bid_dateTime,
    ROW_NUMBER() OVER (PARTITION BY A.id ORDER BY B.price DESC, B.dateTime ASC) AS rownum
  FROM auction AS A, bid AS B
  WHERE A.id = B.auction AND B.dateTime BETWEEN A.dateTime AND A.expires
) AS ranked
WHERE rownum <= 1
