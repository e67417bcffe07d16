-- Bids with their auction, in category 10.
SELECT B.auction, B.bidder, B.price, B.channel, B.url, B.dateTime, A.itemName, A.description, A.initialBid, A.reserve,
  A.expires, A.seller, A.category
FROM bid AS B
INNER JOIN auction AS A ON B.auction = A.id
WHERE A.category = 10
