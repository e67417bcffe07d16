-- Bids with who bid and the auctions that the bidder opened.
SELECT B.auction, B.price, B.dateTime, P.id, P.name, P.state, A.itemName, A.category
FROM bid AS B
JOIN person AS P ON B.bidder = P.id
JOIN auction AS A ON P.id = A.seller AND B.auction = A.id
